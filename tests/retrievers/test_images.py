from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jarvis_retrievers.images import encode_png, load_image, pixel_digest


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(width: int = 13, height: int = 7, mode: str = "RGB") -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(pixels if channels > 1 else pixels[:, :, 0], mode=None)


def test_a_path_bytes_and_an_image_give_the_same_pixels(tmp_path: Path) -> None:
    image = noise()
    path = tmp_path / "bo.png"
    path.write_bytes(saved(image))
    for source in (path, str(path), path.read_bytes(), image):
        loaded = load_image(source)
        assert loaded.mode == "RGB"
        assert type(loaded) is Image.Image
        np.testing.assert_array_equal(np.asarray(loaded), np.asarray(image))


def test_lossless_webp_and_jpeg_are_read() -> None:
    image = noise()
    np.testing.assert_array_equal(
        np.asarray(load_image(saved(image, "WEBP", lossless=True))), np.asarray(image)
    )
    flat = load_image(saved(Image.new("RGB", (16, 16), (200, 30, 40)), "JPEG", quality=95))
    assert np.abs(np.asarray(flat).astype(int) - (200, 30, 40)).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_and_exif_dropped(orientation: int) -> None:
    upright = noise()
    # How a camera must have stored the picture so that this tag sets it upright: the inverse of each turn.
    stored_as = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if stored_as is None else upright.transpose(stored_as)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "marker-camera"
    data = saved(stored, exif=exif.tobytes())
    assert b"marker-camera" in data
    loaded = load_image(data)
    np.testing.assert_array_equal(np.asarray(loaded), np.asarray(upright))
    assert loaded.info == {}
    assert len(loaded.getexif()) == 0
    assert b"marker-camera" not in encode_png(Image.open(io.BytesIO(data)))


def test_transparency_is_laid_on_white() -> None:
    layered = Image.new("RGBA", (2, 1))
    layered.putpixel((0, 0), (10, 20, 30, 255))
    layered.putpixel((1, 0), (10, 20, 30, 0))
    assert [load_image(saved(layered)).getpixel((x, 0)) for x in (0, 1)] == [(10, 20, 30), (255, 255, 255)]
    palette = Image.new("P", (2, 1))
    palette.putpalette([0, 0, 0, 9, 8, 7])
    palette.putpixel((1, 0), 1)
    data = saved(palette, transparency=0)
    assert [load_image(data).getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (9, 8, 7)]
    keyed = saved(Image.new("RGB", (1, 1), (5, 6, 7)), transparency=(5, 6, 7))
    assert load_image(keyed).getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    deep = Image.fromarray(np.array([[0, 32896, 65535]], dtype=np.uint16))
    assert [load_image(saved(deep)).getpixel((x, 0)) for x in range(3)] == [
        (0, 0, 0),
        (128, 128, 128),
        (255, 255, 255),
    ]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"])
def test_every_mode_becomes_rgb_and_the_source_is_left_alone(mode: str) -> None:
    source = Image.new(mode, (4, 3))
    before = source.tobytes()
    loaded = load_image(source)
    assert (loaded.mode, loaded.size) == ("RGB", (4, 3))
    assert (source.mode, source.tobytes()) == (mode, before)


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert load_image(data).getpixel((0, 0)) == (255, 0, 0)


# -------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_png_round_trip_keeps_pixels_and_digest(width: int, height: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    again = load_image(encode_png(image))
    np.testing.assert_array_equal(np.asarray(again), pixels)
    assert pixel_digest(again) == pixel_digest(image)


def test_the_digest_is_what_it_says() -> None:
    image = noise(3, 2)
    fields = (b"jarvis.pixels.v1", b"RGB", struct.pack("<QQ", 3, 2), image.tobytes())
    spelt = b"".join(struct.pack("<Q", len(field)) + field for field in fields)
    assert pixel_digest(image) == hashlib.sha256(spelt).hexdigest()


def test_the_digest_tells_shape_mode_and_pixels_apart() -> None:
    same_bytes = [
        Image.new("L", (2, 6)),
        Image.new("L", (6, 2)),
        Image.new("RGB", (2, 2)),
        Image.new("L", (3, 4)),
    ]
    changed = Image.new("L", (2, 6))
    changed.putpixel((0, 0), 1)
    assert len({pixel_digest(image) for image in [*same_bytes, changed]}) == 5


def test_png_carries_no_metadata() -> None:
    image = noise()
    image.info.update(comment="marker", icc_profile=b"marker", exif=b"Exif\0\0marker")
    assert b"marker" not in encode_png(image)
