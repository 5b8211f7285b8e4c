"""Methods, one file each: what a memory of personal concepts can be, from none at all to stored segments."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .aligner import AlignerMethod as AlignerMethod
    from .choice import METHODS as METHODS
    from .choice import RUN_ORDER as RUN_ORDER
    from .choice import make_method as make_method
    from .concept_heads import ConceptHeadsMethod as ConceptHeadsMethod
    from .ego import EgoMethod as EgoMethod
    from .frames import MOST_FRAMES as MOST_FRAMES
    from .frames import by_frames as by_frames
    from .jarvis import JarvisMethod as JarvisMethod
    from .models import Models as Models
    from .none import NoneMethod as NoneMethod
    from .pekit import PeKitMethod as PeKitMethod
    from .photos import PhotosMethod as PhotosMethod
    from .r2p import R2PMethod as R2PMethod
    from .record import Record as Record
    from .slc import SLCMethod as SLCMethod
    from .soft_tokens import SoftTokensMethod as SoftTokensMethod
    from .text import TextMethod as TextMethod
    from .tuned import TunedMethod as TunedMethod
    from .voice import PlainVoice as PlainVoice
    from .voice import PocketVoice as PocketVoice
    from .voice import Voice as Voice
    from .voice import voice_of as voice_of

_EXPORTS = {
    "AlignerMethod": "aligner",
    "ConceptHeadsMethod": "concept_heads",
    "EgoMethod": "ego",
    "JarvisMethod": "jarvis",
    "METHODS": "choice",
    "RUN_ORDER": "choice",
    "MOST_FRAMES": "frames",
    "Models": "models",
    "NoneMethod": "none",
    "PeKitMethod": "pekit",
    "PhotosMethod": "photos",
    "PlainVoice": "voice",
    "PocketVoice": "voice",
    "R2PMethod": "r2p",
    "Record": "record",
    "SLCMethod": "slc",
    "SoftTokensMethod": "soft_tokens",
    "TextMethod": "text",
    "TunedMethod": "tuned",
    "Voice": "voice",
    "by_frames": "frames",
    "make_method": "choice",
    "voice_of": "voice",
}

__all__ = [
    "METHODS",
    "MOST_FRAMES",
    "RUN_ORDER",
    "AlignerMethod",
    "ConceptHeadsMethod",
    "EgoMethod",
    "JarvisMethod",
    "Models",
    "NoneMethod",
    "PeKitMethod",
    "PhotosMethod",
    "PlainVoice",
    "PocketVoice",
    "R2PMethod",
    "Record",
    "SLCMethod",
    "SoftTokensMethod",
    "TextMethod",
    "TunedMethod",
    "Voice",
    "by_frames",
    "make_method",
    "voice_of",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
