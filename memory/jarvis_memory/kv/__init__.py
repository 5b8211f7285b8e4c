"""Segments, the prefix, and the context composed of them: KV caches as plain values.

Importing this package loads no torch; each name loads its module on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .composition import compose as compose
    from .context import Context as Context
    from .format import FORMAT_VERSION as FORMAT_VERSION
    from .format import StoredSegment as StoredSegment
    from .format import segment_from_bytes as segment_from_bytes
    from .format import segment_to_bytes as segment_to_bytes
    from .inputs import Inputs as Inputs
    from .modes import Mode as Mode
    from .move import rotate_keys as rotate_keys
    from .part import Part as Part
    from .prefix import Prefix as Prefix
    from .segment import Segment as Segment
    from .selection import Repair as Repair
    from .storage import Storage as Storage

_EXPORTS = {
    "FORMAT_VERSION": "format",
    "Context": "context",
    "Inputs": "inputs",
    "Mode": "modes",
    "Part": "part",
    "Prefix": "prefix",
    "Repair": "selection",
    "Segment": "segment",
    "Storage": "storage",
    "StoredSegment": "format",
    "compose": "composition",
    "rotate_keys": "move",
    "segment_from_bytes": "format",
    "segment_to_bytes": "format",
}

__all__ = [
    "FORMAT_VERSION",
    "Context",
    "Inputs",
    "Mode",
    "Part",
    "Prefix",
    "Repair",
    "Segment",
    "Storage",
    "StoredSegment",
    "compose",
    "rotate_keys",
    "segment_from_bytes",
    "segment_to_bytes",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_EXPORTS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
