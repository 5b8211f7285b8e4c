"""The architectures, one small file each."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .choice import choose_family as choose_family
    from .choice import reach_of as reach_of
    from .family import Family as Family
    from .family import ImageTokens as ImageTokens
    from .family import LanguageShape as LanguageShape
    from .gemma3 import Gemma3 as Gemma3
    from .internvl import InternVL as InternVL
    from .llava_onevision import LlavaOnevision as LlavaOnevision
    from .qwen2_5_vl import Qwen25VL as Qwen25VL
    from .qwen3_5 import Qwen35 as Qwen35
    from .qwen3_vl import Qwen3VL as Qwen3VL
    from .reach import Reach as Reach
    from .smolvlm import SmolVLM as SmolVLM

_EXPORTS = {
    "Family": "family",
    "Gemma3": "gemma3",
    "ImageTokens": "family",
    "LanguageShape": "family",
    "InternVL": "internvl",
    "LlavaOnevision": "llava_onevision",
    "Qwen3VL": "qwen3_vl",
    "Qwen25VL": "qwen2_5_vl",
    "Qwen35": "qwen3_5",
    "Reach": "reach",
    "SmolVLM": "smolvlm",
    "choose_family": "choice",
    "reach_of": "choice",
}

__all__ = [
    "Family",
    "Gemma3",
    "ImageTokens",
    "InternVL",
    "LanguageShape",
    "LlavaOnevision",
    "Qwen3VL",
    "Qwen25VL",
    "Qwen35",
    "Reach",
    "SmolVLM",
    "choose_family",
    "reach_of",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_EXPORTS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
