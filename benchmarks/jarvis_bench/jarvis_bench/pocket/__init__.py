"""Data sets drawn from Pocket World: names and looks that training never saw, answers from the renderer."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .choice import SPLITS as SPLITS
    from .choice import draw_split as draw_split
    from .size import Size as Size
    from .size import size_of as size_of

_EXPORTS = {"SPLITS": "choice", "Size": "size", "draw_split": "choice", "size_of": "size"}

__all__ = ["SPLITS", "Size", "draw_split", "size_of"]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
