"""The vision-language model: encodes segments, and answers from a context.

Importing this package loads no torch and no transformers; each name loads its module on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .excerpt import Excerpt as Excerpt
    from .generation import Generation as Generation
    from .node import VLM as VLM
    from .query import Query as Query
    from .settings import ImageSettings as ImageSettings
    from .sight import Sight as Sight
    from .source import SegmentSource as SegmentSource
    from .template import MEMORY_INSTRUCTION as MEMORY_INSTRUCTION
    from .text import TextEncoder as TextEncoder

_EXPORTS = {
    "MEMORY_INSTRUCTION": "template",
    "VLM": "node",
    "Excerpt": "excerpt",
    "Generation": "generation",
    "ImageSettings": "settings",
    "Query": "query",
    "SegmentSource": "source",
    "Sight": "sight",
    "TextEncoder": "text",
}

__all__ = [
    "MEMORY_INSTRUCTION",
    "VLM",
    "Excerpt",
    "Generation",
    "ImageSettings",
    "Query",
    "SegmentSource",
    "Sight",
    "TextEncoder",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_EXPORTS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
