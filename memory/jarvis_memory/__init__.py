"""Floor 2: concepts, KV segments, the VLM node, the store, and `PersonalMemory`, where they meet.

Importing this package loads none of torch, transformers, faiss or open_clip; a name loads its module on first
use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .answer import Answer as Answer
    from .answer import Evidence as Evidence
    from .answer import Glimpse as Glimpse
    from .answer import Recollection as Recollection
    from .answer import Timings as Timings
    from .answer import Usage as Usage
    from .concept import Concept as Concept
    from .concept import Moment as Moment
    from .concept import PatchRecord as PatchRecord
    from .concept import PhotoRecord as PhotoRecord
    from .concept import Profile as Profile
    from .kv.modes import Mode as Mode
    from .memory import PersonalMemory as PersonalMemory
    from .store.master_key import MasterKey as MasterKey
    from .store.tiers import Tiers as Tiers
    from .together import Ask as Ask
    from .together import ask_together as ask_together
    from .together import chat_together as chat_together
    from .vlm import VLM as VLM

_EXPORTS = {
    "Answer": "answer",
    "Ask": "together",
    "Concept": "concept",
    "Evidence": "answer",
    "Glimpse": "answer",
    "MasterKey": "store.master_key",
    "Mode": "kv.modes",
    "Moment": "concept",
    "PatchRecord": "concept",
    "PersonalMemory": "memory",
    "PhotoRecord": "concept",
    "Profile": "concept",
    "Recollection": "answer",
    "Tiers": "store.tiers",
    "Timings": "answer",
    "Usage": "answer",
    "VLM": "vlm",
    "ask_together": "together",
    "chat_together": "together",
}

__all__ = [
    "VLM",
    "Answer",
    "Ask",
    "Concept",
    "Evidence",
    "Glimpse",
    "MasterKey",
    "Mode",
    "Moment",
    "PatchRecord",
    "PersonalMemory",
    "PhotoRecord",
    "Profile",
    "Recollection",
    "Tiers",
    "Timings",
    "Usage",
    "ask_together",
    "chat_together",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
