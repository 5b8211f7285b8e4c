"""Which formats of images are read: three, and those that a program allows."""

from __future__ import annotations

import threading
from typing import Final

from PIL import Image

from .errors import SettingError

__all__ = ["allow_format", "allowed_formats"]

_ALWAYS: Final = ("JPEG", "PNG", "WEBP")
# Pillow hands these to another program, or to the operating system, which decodes without any limit.
_NEVER: Final = {"EPS", "GRIB", "BUFR", "HDF5", "WMF"}

_lock = threading.Lock()
_allowed: tuple[str, ...] = _ALWAYS


def allowed_formats() -> tuple[str, ...]:
    """The formats that images may have, as Pillow calls them."""
    return _allowed


def allow_format(name: str) -> None:
    """Read images of one more format, in this process, from now on.

    Every decoder reads bytes of strangers: allow what you need. The limits of bytes and pixels hold for it,
    too, if it says its size without decoding, as decoders of Pillow and its plug-ins do::

        from pillow_heif import register_heif_opener

        register_heif_opener()
        allow_format("HEIF")

    Args:
        name: as Pillow or one of its plug-ins calls it, such as "GIF", "TIFF", "AVIF" or "HEIF".

    Raises:
        SettingError: nothing that is installed reads it, or it is handed to another program.
    """
    global _allowed
    Image.init()
    word = name.upper() if isinstance(name, str) else ""
    if word in _NEVER:
        raise SettingError(f"images of the format {word!r} are handed to another program; convert them first")
    if word not in Image.OPEN:
        known = ", ".join(sorted(set(Image.OPEN) - _NEVER))
        raise SettingError(
            f"nothing that is installed reads the format {name!r}; register a plug-in of Pillow first, or "
            f"name one of {known}"
        )
    with _lock:
        _allowed = tuple(dict.fromkeys((*_allowed, word)))
