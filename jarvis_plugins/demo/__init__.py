"""The demo: a household remembered afresh, and questions about it with their right answers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .place import household_folder as household_folder
    from .result import DemoQuestion as DemoQuestion
    from .result import DemoResult as DemoResult
    from .runner import run_demo as run_demo

_EXPORTS = {
    "DemoQuestion": "result",
    "DemoResult": "result",
    "household_folder": "place",
    "run_demo": "runner",
}

__all__ = ["DemoQuestion", "DemoResult", "household_folder", "run_demo"]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
