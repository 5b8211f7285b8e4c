"""Formats on a list: three, and what a program allows."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from PIL import Image

from jarvis_retrievers import image_formats
from jarvis_retrievers.errors import ImageError, SettingError
from jarvis_retrievers.image_formats import allow_format, allowed_formats
from jarvis_retrievers.images import load_image


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_formats, "_allowed", image_formats._allowed)


def saved(kind: str, size: tuple[int, int] = (3, 2)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (255, 0, 0)).save(buffer, kind)
    return buffer.getvalue()


def test_three_are_read() -> None:
    assert allowed_formats() == ("JPEG", "PNG", "WEBP")
    for kind in ("JPEG", "PNG", "WEBP"):
        assert load_image(saved(kind)).size == (3, 2)
    for kind in ("BMP", "EPS", "GIF", "ICO", "JPEG2000", "PCX", "PDF", "PPM", "SGI", "TGA", "TIFF"):
        with pytest.raises(ImageError, match="not an image that can be read"):
            load_image(saved(kind))


def test_a_program_may_allow_one_more() -> None:
    data = saved("GIF")
    allow_format("gif")
    allow_format("GIF")
    assert allowed_formats() == ("JPEG", "PNG", "WEBP", "GIF")
    assert load_image(data).getpixel((0, 0)) == (255, 0, 0)


def test_the_limits_hold_for_it() -> None:
    allow_format("BMP")
    with pytest.raises(ImageError, match="more than the 100 allowed"):
        load_image(saved("BMP", (20, 10)), max_pixels=100)
    with pytest.raises(ImageError, match="larger than"):
        load_image(saved("BMP", (20, 10)), max_bytes=100)
    # 30,000 x 30,000 of which no pixel is there.
    head = bytearray(saved("BMP"))
    head[18:26] = (30_000).to_bytes(4, "little") * 2
    with pytest.raises(ImageError, match="pixels"):
        load_image(bytes(head))


def test_a_plug_in_brings_another() -> None:
    """A format that Pillow does not know, read by a decoder that is registered as plug-ins do it."""
    code = """
from PIL import Image, ImageFile
from jarvis_retrievers.images import load_image
from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.image_formats import allow_format

class Flag(ImageFile.ImageFile):
    format = "FLAG"
    def _open(self):
        head = self.fp.read(8)
        self._mode = "RGB"
        self._size = (head[4], head[5])
        self.tile = [ImageFile._Tile("raw", (0, 0, *self._size), 8, ("RGB", 0, 1))]

Image.register_open("FLAG", Flag, lambda start: start[:4] == b"FLAG")
data = b"FLAG" + bytes([2, 1, 0, 0]) + bytes([1, 2, 3, 4, 5, 6])
try:
    load_image(data)
except ImageError as error:
    print(error)
allow_format("FLAG")
print(load_image(data).getpixel((1, 0)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    refused, pixel = done.stdout.strip().splitlines()
    assert "not an image that can be read" in refused
    assert pixel == "(4, 5, 6)"


@pytest.mark.parametrize("kind", ["EPS", "wmf", "NOTHING", "", "PDF"])
def test_some_are_never_read(kind: str) -> None:
    with pytest.raises(SettingError):
        allow_format(kind)
    assert allowed_formats() == ("JPEG", "PNG", "WEBP")
