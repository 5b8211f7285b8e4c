"""Photos in: one door that every image comes through, safe against broken and hostile files."""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
import zlib
from typing import Final

from PIL import Image

from .errors import ImageError
from .files import read_file
from .image_formats import allowed_formats

__all__ = ["MAX_BYTES", "MAX_PIXELS", "encode_png", "load_image", "pixel_digest"]

MAX_BYTES: Final = 20 * 1024 * 1024
"""Largest image file taken, in bytes."""

MAX_PIXELS: Final = 25_000_000
"""Largest image taken, in pixels."""

_ADVICE: Final = "give a JPEG, PNG or WEBP image"
# Brands of an ISO media file (ISO/IEC 14496-12, 4.3) that hold a photo, as telephones write them.
_PHONE_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
}
_STRIP: Final = 256
# A progressive JPEG has about ten.
_SCANS: Final = 100
# Not a marker: FF and a zero, a restart (D0 to D7) or one more FF. Alone, without a length: TEM and SOI.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_ALONE = (b"\x01", b"\xd8")
_ORIENTATION_TAG: Final = 0x0112
_TURN: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow's decoders raise on damaged data, beside its own UnidentifiedImageError (an OSError).
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
)


def load_image(
    source: str | os.PathLike[str] | bytes | Image.Image,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
) -> Image.Image:
    """Read one image and bring it into the only form the project works with.

    The result is RGB, upright (EXIF orientation applied), on white where the source was transparent, and
    carries no metadata at all (EXIF holds GPS positions). Of an animation the first frame is taken. The
    size is read from the header and checked before a pixel is decoded, so a decompression bomb costs
    neither time nor memory.

    Args:
        source: a path (``~`` allowed), the bytes of an image file, or an image (which is copied, never
            changed).
        max_bytes: largest file taken, in bytes.
        max_pixels: largest image taken, in pixels.

    Raises:
        ImageError: missing, a directory or device, unreadable, empty, too large, truncated, or no JPEG, PNG
            or WEBP image, nor of another format that was allowed (`allow_format`); one line that names the
            source.
    """
    if isinstance(source, Image.Image):
        return _upright_rgb(source, "the image", max_pixels)
    if isinstance(source, (bytes, bytearray, memoryview)):
        name, data = "the image bytes", bytes(source)
    elif isinstance(source, (str, os.PathLike)):
        # repr keeps a name with line breaks or control characters on one line.
        name = f"photo {os.fspath(source)!r}"
        data = read_file(source, name, max_bytes, ImageError, _ADVICE)
    else:
        raise ImageError(f"a photo must be a path, bytes or an image, got {type(source).__name__}")
    if not data:
        raise ImageError(f"{name} is empty (0 bytes); {_ADVICE}")
    if len(data) > max_bytes:
        raise ImageError(f"{name} is larger than {max_bytes / 2**20:g} MB; give a smaller file")
    _check_phone_format(data, name)
    _check_webp_canvas(data, name, max_pixels)
    _check_scans(data, name)
    try:
        opened = Image.open(io.BytesIO(data), formats=allowed_formats())
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"{name} has more than {max_pixels:,} pixels; give a smaller image") from error
    except MemoryError as error:
        raise ImageError(f"{name} needs more memory than there is; give a smaller image") from error
    except _BROKEN as error:
        raise ImageError(f"{name} is not an image that can be read; {_ADVICE}") from error
    with opened:
        return _upright_rgb(opened, name, max_pixels)


def pixel_digest(image: Image.Image) -> str:
    """SHA-256 (hex) over mode, size and pixels; two files with the same pixels have the same digest."""
    digest = hashlib.sha256()
    size = struct.pack("<QQ", *image.size)
    # Every field carries its length, so that no two different images can spell the same byte string.
    for field in (b"jarvis.pixels.v1", image.mode.encode("ascii"), size, image.tobytes()):
        digest.update(struct.pack("<Q", len(field)))
        digest.update(field)
    return digest.hexdigest()


def encode_png(image: Image.Image) -> bytes:
    """The image as PNG bytes: RGB, on white, no metadata; ``load_image`` gives the same pixels back.

    Raises:
        ImageError: an image whose pixels cannot be read.
    """
    buffer = io.BytesIO()
    _upright_rgb(image, "the image", max(MAX_PIXELS, image.width * image.height)).save(buffer, format="PNG")
    return buffer.getvalue()


def _check_phone_format(data: bytes, name: str) -> None:
    """Say by its name what a telephone has written and is not read here: no plug-in for it is required."""
    kind = _PHONE_BRANDS.get(data[8:12]) if data[4:8] == b"ftyp" else None
    # Plug-ins call HEIC by the name of its container.
    if kind and {"HEIC": "HEIF"}.get(kind, kind) not in allowed_formats():
        raise ImageError(
            f"{name} is a {kind} photo, which cannot be read; save it as JPEG, or register a plug-in of "
            "Pillow and allow its format with jarvis_retrievers.allow_format"
        )


def _check_webp_canvas(data: bytes, name: str, max_pixels: int) -> None:
    """Refuse a large WEBP before Pillow opens it: its decoder reserves the whole canvas on opening.

    Layout: RFC 9649, section 2.7 (extended file format), canvas size minus one as two 24-bit numbers at
        byte 24.
    """
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X" and len(data) >= 30:
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        _check_size(width, height, name, max_pixels)


def _check_scans(data: bytes, name: str) -> None:
    """Refuse a JPEG of very many scans: each goes over the whole picture, and takes a few bytes.

    Markers and their lengths are those of ITU-T T.81, B.1.1. What stands behind the end of the picture, such
    as the video of a motion photo, is not read.
    """
    if data[:2] != b"\xff\xd8":
        return
    scans, found = 0, _MARKER.search(data, 2)
    while found is not None and found[1] != b"\xd9":
        at = found.end()
        if found[1] not in _ALONE:
            at += max(2, int.from_bytes(data[at : at + 2], "big"))
        scans += found[1] == b"\xda"
        if scans > _SCANS:
            raise ImageError(f"{name} is a JPEG of more than {_SCANS} scans; save it again without them")
        found = _MARKER.search(data, at)


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise ImageError(f"{name} has no pixels ({width} x {height}); {_ADVICE}")
    if width * height > max_pixels:
        raise ImageError(
            f"{name} has {width:,} x {height:,} pixels, more than the {max_pixels:,} allowed; "
            "give a smaller image"
        )


def _upright_rgb(image: Image.Image, name: str, max_pixels: int) -> Image.Image:
    _check_size(image.width, image.height, name, max_pixels)
    try:
        turn = _TURN.get(_orientation(image))
        image.load()
        # A new image strip by strip: Pillow carries EXIF, ICC profile and comments along in `info`, and a
        # large picture must not be in memory more often than twice.
        flat = Image.new("RGB", image.size)
        for top in range(0, image.height, _STRIP):
            strip = image.crop((0, top, image.width, min(top + _STRIP, image.height)))
            flat.paste(_flatten(strip, name), (0, top))
        return flat if turn is None else flat.transpose(turn)
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f"{name} needs more memory than there is; give a smaller image") from error
    except _BROKEN as error:
        raise ImageError(f"{name} is damaged or cut short ({_one_line(error)}); {_ADVICE}") from error


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none or the EXIF block itself is damaged."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _BROKEN:
        # A photo with a spoilt EXIF block is still a photo: every viewer shows it as stored.
        return 1
    return value if isinstance(value, int) else 1


def _flatten(image: Image.Image, name: str) -> Image.Image:
    """RGB, with transparent pixels laid on white."""
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layered).convert("RGB")
    if image.mode == "I" or image.mode.startswith("I;16"):
        # Pillow clips 16-bit grey to 255 instead of scaling it: every pixel would turn white.
        return image.convert("I").point(lambda value: value * (1 / 257) + 0.5, "L").convert("RGB")
    if image.mode == "F":
        raise ImageError(
            f"{name} holds floating-point pixels, whose range is unknown; convert it to RGB first"
        )
    return image.convert("RGB")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
