"""The header of a safetensors file, looked at before anything is made of it."""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["header_of"]

_SIZE: Final = 8
_MOST: Final = 64 * 1024


def header_of(data: bytes) -> dict[str, Any]:
    """The header of a file with few tensors.

    The library itself takes up to 100 MB of it, of which it makes a hundred thousand tensors, and ends the
    process if there is no memory for them.

    Raises:
        ValueError: it is longer than 64 KiB or than the file, or no JSON object.
    """
    size = int.from_bytes(data[:_SIZE], "little")
    if len(data) < _SIZE or size > min(_MOST, len(data) - _SIZE):
        raise ValueError(f"its header claims {size} bytes, of at most {_MOST}; the file has {len(data)}")
    try:
        found = json.loads(data[_SIZE : _SIZE + size])
    except RecursionError as error:
        raise ValueError("its header is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("its header is no JSON object")
    return found
