"""Profiles from photos: by a local model, by any chat model of LangChain, or by rule alone.

Importing this package loads no model library; each name loads its module on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chat import ChatProfiler as ChatProfiler
    from .description import Description as Description
    from .description import State as State
    from .jsons import JsonProfiler as JsonProfiler
    from .profiler import Profiler as Profiler
    from .profiler import RuleProfiler as RuleProfiler
    from .profiler import Subject as Subject
    from .slots import SlotProfiler as SlotProfiler

_EXPORTS = {
    "ChatProfiler": "chat",
    "Description": "description",
    "JsonProfiler": "jsons",
    "Profiler": "profiler",
    "RuleProfiler": "profiler",
    "SlotProfiler": "slots",
    "State": "description",
    "Subject": "profiler",
}

__all__ = [
    "ChatProfiler",
    "Description",
    "JsonProfiler",
    "Profiler",
    "RuleProfiler",
    "SlotProfiler",
    "State",
    "Subject",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_EXPORTS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
