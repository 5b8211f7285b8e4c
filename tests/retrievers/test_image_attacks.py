from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.images import MAX_BYTES, load_image


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(width: int = 13, height: int = 7, mode: str = "RGB") -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(pixels if channels > 1 else pixels[:, :, 0], mode=None)


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))


def webp_header(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_header(width: int, height: int) -> bytes:
    data = bytearray(saved(Image.new("RGB", (8, 8)), "JPEG"))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


# ------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [png_header, webp_header, jpeg_header])
@pytest.mark.parametrize("side", [30_000, 10_000, 5_001])
def test_a_bomb_is_refused_from_its_header(header: object, side: int, tmp_path: Path) -> None:
    if header is webp_header and side > 16_383:
        side = 16_383
    path = tmp_path / "bomb.img"
    path.write_bytes(header(side, side))  # type: ignore[operator]
    with pytest.raises(ImageError, match=r"bomb\.img.*pixels"):
        load_image(path)


def test_a_real_bomb_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (30_000, 30_000)).save(path, compress_level=1)
    assert path.stat().st_size < 1_000_000
    code = (
        "import resource, sys\n"
        "from jarvis_retrievers.images import load_image\n"
        "from jarvis_retrievers.errors import ImageError\n"
        "from PIL import Image\n"
        "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    load_image(sys.argv[1])\n"
        "except ImageError as error:\n    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    message, grown = done.stdout.strip().splitlines()
    assert "bomb.png" in message
    assert int(grown) < 20_000  # kilobytes; decoded, it is 112 MB as bits and 2.7 GB as RGB


def test_an_image_object_has_the_same_limit() -> None:
    with pytest.raises(ImageError, match="pixels"):
        load_image(Image.new("1", (5001, 5000)))
    assert load_image(Image.new("1", (20, 10)), max_pixels=200).size == (20, 10)
    with pytest.raises(ImageError, match="more than the 199 allowed"):
        load_image(Image.new("1", (20, 10)), max_pixels=199)


def test_bad_paths_are_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("not an image\n" * 20)
    (tmp_path / "folder").mkdir()
    (tmp_path / "cut.png").write_bytes(saved(noise(200, 200))[:4000])
    (tmp_path / "cut.jpg").write_bytes(saved(noise(200, 200), "JPEG")[:2000])
    (tmp_path / "cut.webp").write_bytes(saved(noise(200, 200), "WEBP")[:2000])
    (tmp_path / "drawing.gif").write_bytes(saved(Image.new("P", (3, 3)), "GIF"))
    (tmp_path / "page.eps").write_bytes(saved(Image.new("RGB", (3, 3)), "EPS"))
    (tmp_path / "bad\nname.png").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "link.png")
    expected = {
        "missing.png": "not found",
        "empty.png": "empty",
        "text.png": "not an image",
        "folder": "directory",
        "cut.png": "damaged or cut short",
        "cut.jpg": "damaged or cut short",
        "cut.webp": "WEBP",
        "drawing.gif": "not an image that can be read",
        "page.eps": "not an image that can be read",
        "bad\nname.png": "not an image",
        "pipe.png": "not a regular file",
        "link.png": "cannot be opened",
        "nul\0.png": "cannot be opened",
    }
    for name, reason in expected.items():
        with pytest.raises(ImageError, match=reason) as caught:
            load_image(f"{tmp_path}/{name}")
        message = str(caught.value)
        assert "\n" not in message
        assert repr(name)[1:-1] in message


@pytest.mark.parametrize(
    ("brand", "kind"), [(b"heic", "HEIC"), (b"heix", "HEIC"), (b"mif1", "HEIC"), (b"avif", "AVIF")]
)
def test_photos_of_telephones_are_named(brand: bytes, kind: str, tmp_path: Path) -> None:
    data = b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1" + brand + b"\0" * 40
    (tmp_path / "phone.jpg").write_bytes(data)
    with pytest.raises(ImageError, match=rf"phone.jpg' is a {kind} photo, which cannot be read; save it as"):
        load_image(tmp_path / "phone.jpg")
    with pytest.raises(ImageError, match="not an image that can be read"):
        load_image(data.replace(brand, b"qt  "))


def test_bytes_are_checked_too() -> None:
    with pytest.raises(ImageError, match="empty"):
        load_image(b"")
    with pytest.raises(ImageError, match="not an image"):
        load_image(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(ImageError, match="path, bytes or an image, got int"):
        load_image(7)  # type: ignore[arg-type]


def test_the_byte_limit(tmp_path: Path) -> None:
    data = saved(noise())
    path = tmp_path / "long.png"
    path.write_bytes(data + bytes(MAX_BYTES + 1 - len(data)))
    with pytest.raises(ImageError, match=r"long\.png.*larger than 20 MB"):
        load_image(path)
    with pytest.raises(ImageError, match="larger than 20 MB"):
        load_image(path.read_bytes())
    assert load_image(path, max_bytes=MAX_BYTES + 1).size == (13, 7)
    assert load_image(data + bytes(MAX_BYTES - len(data))).size == (13, 7)


def test_a_text_chunk_bomb_is_refused() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "x" * (64 * 2**20), zip=True)
    data = saved(noise(), pnginfo=info)
    assert len(data) < 200_000
    with pytest.raises(ImageError):
        load_image(data)


# Pillow warns of a spoilt EXIF block, and goes on.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_random_damage_gives_an_image_or_an_image_error(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    good = saved(noise(40, 30), kind, exif=exif.tobytes())
    chance = random.Random(1)
    outcomes = {"read": 0, "refused": 0, "lines": 0}
    for _ in range(300):
        data = bytearray(good)
        for _ in range(chance.choice([1, 2, 8])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        try:
            mode = load_image(bytes(data)).mode
        except ImageError as error:
            outcomes["refused"] += 1
            outcomes["lines"] = max(outcomes["lines"], 1 + str(error).count("\n"))
        else:
            outcomes["read"] += mode == "RGB"
    assert outcomes["read"] + outcomes["refused"] == 300
    assert min(outcomes["read"], outcomes["refused"]) > 0
    assert outcomes["lines"] == 1
