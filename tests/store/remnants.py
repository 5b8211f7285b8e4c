"""Random markers to plant, and a search for what is left of them in files and in memory."""

from __future__ import annotations

import gc
import io
import secrets
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MOST = 8 << 20
"""Larger buffers are weights of models, which nobody writes to."""


_SIGN = "qzyx"
"""In every word of a marker, so that most of memory is searched only once."""


class Marker:
    """A word with 32 random bytes in it, or given bytes.

    They are kept masked, so that a search of memory does not find the marker itself.
    """

    def __init__(self, what: str, value: bytes | None = None) -> None:
        self.what, self.is_word = what, value is None
        if value is None:
            letters = secrets.token_bytes(32).hex().translate(str.maketrans("0123456789", "ghijklmnop"))
            value = f"{_SIGN}{letters}".encode()
        self._mask = secrets.token_bytes(len(value))
        self._masked = bytes(a ^ b for a, b in zip(value, self._mask, strict=True))

    @property
    def raw(self) -> bytes:
        """The bytes."""
        return bytes(a ^ b for a, b in zip(self._masked, self._mask, strict=True))

    @property
    def word(self) -> str:
        """As a text that may stand in names and notes: small letters."""
        return self.raw.decode("ascii")

    @property
    def needles(self) -> list[bytes]:
        """All forms in which it may lie somewhere."""
        return (
            [self.raw, self.raw[:1].upper() + self.raw[1:], self.raw.upper()] if self.is_word else [self.raw]
        )


def in_files(folders: Iterable[Path], markers: Iterable[Marker]) -> list[tuple[str, str]]:
    """Files, and what of the markers is in them; PNG files also after decompression."""
    found = []
    for path in sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()}):
        data = path.read_bytes()
        contents = [data, *_pixels(data)]
        for marker in markers:
            if any(needle in content for needle in marker.needles for content in contents):
                found.append((path.name, marker.what))
    return found


def in_memory(markers: Iterable[Marker]) -> list[tuple[str, str]]:
    """What this process still holds: texts, bytes, arrays, tensors and pictures of every object there is."""
    gc.collect()
    needles = [(needle, marker.what, marker.is_word) for marker in markers for needle in marker.needles]
    found, seen = [], {id(needle) for needle, _, _ in needles}
    holders = gc.get_objects()
    tracked = len(holders)
    for place, holder in enumerate(holders):  # it grows
        for one in (holder, *gc.get_referents(holder)) if place < tracked else gc.get_referents(holder):
            if id(one) in seen:
                continue
            data = _bytes_of(one)
            if data is not None:
                seen.add(id(one))
                where = f"{type(one).__name__} in {type(holder).__name__}"
                words, text = _has_sign(data), type(one) is str
                for needle, what, is_word in needles:
                    if (words if is_word else not text) and needle in data:
                        found.append((where, what))
            elif type(one) in (tuple, dict) and not gc.is_tracked(one):
                # Of texts and numbers alone: the collector leaves these out.
                seen.add(id(one))
                holders.append(one)
    return sorted(set(found))


def _has_sign(data: bytes | bytearray) -> bool:
    sign = _SIGN[1:].encode()
    return sign in data or sign.upper() in data


def _bytes_of(one: Any) -> bytes | bytearray | None:
    kind = type(one)
    if kind is str:
        return one.encode(errors="surrogatepass") if 31 < len(one) < 1 << 20 else None
    if kind in (bytes, bytearray):
        return one if 31 < len(one) < MOST else None
    if kind is np.ndarray and one.dtype.kind in "biuf" and 31 < one.nbytes < MOST:
        return one.tobytes()  # type: ignore[no-any-return]
    if issubclass(kind, Image.Image):
        return one.tobytes() if getattr(one, "_im", None) is not None else None
    torch = sys.modules.get("torch")
    if torch is not None and issubclass(kind, torch.Tensor) and 31 < one.nbytes < MOST:
        if one.requires_grad or one.device.type != "cpu":
            return None
        return one.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()  # type: ignore[no-any-return]
    return None


def _pixels(data: bytes) -> Iterator[bytes]:
    start = data.find(b"\x89PNG\r\n\x1a\n")
    if 0 <= start <= 64:
        with Image.open(io.BytesIO(data[start:])) as image:
            yield image.convert("RGB").tobytes()
