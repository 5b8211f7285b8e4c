"""Pictures made to harm whoever opens them."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image

from .mutation import mutated

__all__ = ["forged_image", "valid_image"]

_SIDE = 5000
_NOT_TAKEN = ("GIF", "BMP", "TIFF", "ICO", "PPM", "TGA", "EPS", "PDF", "PCX", "SGI", "DDS", "JPEG2000", "IM")


@cache
def valid_image(kind: str, side: int = 40, mode: str = "RGB") -> bytes:
    """A picture of noise, or a plain one if it is large."""
    if side > 500:
        fast = {"PNG": {"compress_level": 1}, "WEBP": {"method": 0}}.get(kind, {})
        return _saved(Image.new(mode, (side, side)), kind, **fast)
    pixels = np.random.default_rng(side).integers(0, 256, (side, side), dtype=np.uint8)
    return _saved(Image.fromarray(pixels).convert(mode), kind)


def forged_image(rng: random.Random) -> tuple[str, bytes]:
    """A picture that lies, and how."""
    name = rng.choice(("bytes",) * 6 + tuple(_ATTACKS))
    if name == "bytes":
        return name, mutated(valid_image(rng.choice(("PNG", "JPEG", "WEBP"))), rng)
    return name, _ATTACKS[name](rng)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, depth: int, colour: int, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + b"".join(chunks) + _chunk(b"IEND", b"")


def _claims(rng: random.Random) -> bytes:
    """A few bytes that claim to be huge."""
    side = rng.choice((0, 5001, 30_000, 65_535, 2**31 - 1))
    if rng.random() < 0.5:
        depth, colour = rng.choice((1, 8, 16)), rng.choice((0, 2, 3, 4, 6))
        return _png(side, side, depth, colour, _chunk(b"IDAT", zlib.compress(bytes(1000))))
    data = bytearray(valid_image("JPEG"))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", min(side, 65_535), min(side, 65_535))
    return bytes(data)


def _webp(rng: random.Random) -> bytes:
    """A WebP whose canvas is huge, in each of its three layouts."""
    side = rng.choice((5001, 16_383))
    match rng.randrange(3):
        case 0:
            canvas = (side - 1).to_bytes(3, "little") * 2
            body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas
        case 1:
            bits = (side - 1) | (side - 1) << 14
            body = b"WEBPVP8L" + struct.pack("<I", 100) + b"\x2f" + struct.pack("<I", bits) + bytes(95)
        case _:
            frame = b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", side, side) + bytes(90)
            body = b"WEBPVP8 " + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _large(rng: random.Random) -> bytes:
    """As many pixels as are taken, in a file of some kilobytes."""
    kind, modes = rng.choice(
        (
            ("PNG", ("RGB", "RGBA", "L", "LA", "P", "I;16", "1")),
            ("JPEG", ("RGB", "L", "CMYK")),
            ("WEBP", ("RGB", "RGBA")),
        )
    )
    return valid_image(kind, _SIDE, rng.choice(modes))


def _texts(rng: random.Random) -> bytes:
    """Text chunks and profiles that are small packed, and large unpacked."""
    packed = zlib.compress(bytes(rng.choice((1 << 20, 64 << 20))), 9)
    bomb = rng.choice(
        (
            _chunk(b"zTXt", b"a\0\0" + packed) * rng.choice((1, 200)),
            _chunk(b"iTXt", b"a\0\1\0\0\0" + packed) * rng.choice((1, 200)),
            _chunk(b"iCCP", b"a\0\0" + packed),
            _chunk(b"tEXt", b"a\0" + bytes(8 << 20)),
            _chunk(b"eXIf", b"MM\0*\0\0\0\x08" + rng.randbytes(400)),
            _chunk(b"eXIf", b"II*\0\x08\0\0\0\xff\xff" + rng.randbytes(65_000)),
        )
    )
    return _png(1, 1, 8, 2, bomb, _chunk(b"IDAT", zlib.compress(bytes(4))))


def _scans(rng: random.Random) -> bytes:
    """A progressive JPEG whose last scan comes again and again: each goes over all of its blocks."""
    side = rng.choice((200, 4000))
    data = _progressive(side)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * rng.choice((50, 400, 2000)) + data[-2:]


@cache
def _progressive(side: int) -> bytes:
    return _saved(Image.new("RGB", (side, side)), "JPEG", progressive=True)


def _moving(rng: random.Random) -> bytes:
    frames = [Image.new("RGB", (60, 60), (n, 0, 0)) for n in range(40)]
    kind = rng.choice(("PNG", "WEBP"))
    return mutated(_saved(frames[0], kind, save_all=True, append_images=frames[1:]), rng, 3)


def _polyglot(rng: random.Random) -> bytes:
    """A picture that is something else, too."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("__main__.py", "import os\nos.system('true')\n")
    script = b"#!/bin/sh\ntouch /tmp/was-here\n"
    photo = valid_image(rng.choice(("PNG", "JPEG", "WEBP")))
    return rng.choice((photo + buffer.getvalue(), photo + script, script + photo, photo + photo))


def _exif(rng: random.Random) -> bytes:
    image = Image.new("RGB", (30, 20))
    exif = Image.Exif()
    exif[0x0112] = rng.choice((0, 3, 6, 9, 65_535))
    exif[0x010E] = "x" * rng.choice((1, 60_000))
    data = _saved(image, "JPEG", exif=exif)
    at = data.index(b"Exif")
    return data[:at] + mutated(data[at : at + 60], rng, 4).ljust(60, b"\0")[:60] + data[at + 60 :]


_ATTACKS: dict[str, Callable[[random.Random], bytes]] = {
    "claims": _claims,
    "webp": _webp,
    "large": _large,
    "texts": _texts,
    "scans": _scans,
    "moving": _moving,
    "polyglot": _polyglot,
    "exif": _exif,
    "mode": lambda rng: _png(
        8,
        8,
        rng.choice((0, 3, 5, 16, 64)),
        rng.choice((1, 2, 3, 5, 7, 255)),
        _chunk(b"IDAT", zlib.compress(bytes(999))),
    ),
    "not taken": lambda rng: mutated(valid_image(rng.choice(_NOT_TAKEN)), rng, 2),
    "cut": lambda rng: (data := valid_image(rng.choice(("PNG", "JPEG", "WEBP"))))[: rng.randrange(len(data))],
    "nothing": lambda rng: rng.randbytes(rng.choice((0, 1, 8, 500))),
}
