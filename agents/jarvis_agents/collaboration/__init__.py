"""A small local model with a personal memory reports, a large one reasons; see docs/collaboration.md.

Importing this package loads no torch and no LangChain; each name loads its module on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .collaborated import Calls as Calls
    from .collaborated import Collaborated as Collaborated
    from .collaborated import Seconds as Seconds
    from .collaboration import Collaboration as Collaboration
    from .json_reporter import JsonReporter as JsonReporter
    from .look import Look as Look
    from .look import Remembered as Remembered
    from .look import Scene as Scene
    from .plain_reporter import PlainReporter as PlainReporter
    from .prompts import PROMPTS_VERSION as PROMPTS_VERSION
    from .reflection import Reflection as Reflection
    from .report import Claim as Claim
    from .report import Report as Report
    from .report import Unsure as Unsure
    from .report import Where as Where
    from .reporter import Reporter as Reporter
    from .settings import Settings as Settings
    from .sharing import Share as Share
    from .sharing import Shared as Shared
    from .sharing import SharedImage as SharedImage

_EXPORTS = {
    "PROMPTS_VERSION": "prompts",
    "Calls": "collaborated",
    "Claim": "report",
    "Collaborated": "collaborated",
    "Collaboration": "collaboration",
    "JsonReporter": "json_reporter",
    "Look": "look",
    "PlainReporter": "plain_reporter",
    "Reflection": "reflection",
    "Remembered": "look",
    "Report": "report",
    "Reporter": "reporter",
    "Scene": "look",
    "Seconds": "collaborated",
    "Settings": "settings",
    "Share": "sharing",
    "Shared": "sharing",
    "SharedImage": "sharing",
    "Unsure": "report",
    "Where": "report",
}

__all__ = [
    "PROMPTS_VERSION",
    "Calls",
    "Claim",
    "Collaborated",
    "Collaboration",
    "JsonReporter",
    "Look",
    "PlainReporter",
    "Reflection",
    "Remembered",
    "Report",
    "Reporter",
    "Scene",
    "Seconds",
    "Settings",
    "Share",
    "Shared",
    "SharedImage",
    "Unsure",
    "Where",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_EXPORTS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
