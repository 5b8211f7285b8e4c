"""Which family a model is of, and how far its segments reach."""

from __future__ import annotations

from typing import Any

from jarvis_retrievers.errors import UnsupportedModelError

from .family import Family
from .gemma3 import Gemma3
from .internvl import InternVL
from .llava_onevision import LlavaOnevision
from .qwen2_5_vl import Qwen25VL
from .qwen3_5 import Qwen35
from .qwen3_vl import Qwen3VL
from .reach import Reach
from .smolvlm import SmolVLM

__all__ = ["FAMILIES", "choose_family", "reach_of"]

FAMILIES: tuple[Family, ...] = (
    Qwen25VL(),
    Qwen3VL(),
    InternVL(),
    LlavaOnevision(),
    SmolVLM(),
    Gemma3(),
    Qwen35(),
)

# Their frequencies change with the length of the prompt: no rotation brings a key to another place.
_MOVING_ROPE = ("dynamic", "longrope")


def choose_family(config: Any) -> Family:
    """The family of a transformers config.

    Raises:
        UnsupportedModelError: No family matches.
    """
    family = next((family for family in FAMILIES if family.matches(config)), None)
    if family is None:
        supported = ", ".join(f"{f.name} ({f.model_type})" for f in FAMILIES)
        raise UnsupportedModelError(
            f"Models of type {getattr(config, 'model_type', None)!r} cannot be used; "
            f"supported are {supported}."
        )
    return family


def reach_of(config: Any) -> Reach:
    """How many stored segments a context of a model may have, and why not more."""
    text = config.get_text_config()
    ropes = [getattr(text, "rope_parameters", None) or {}]
    ropes += [rope for rope in ropes[0].values() if isinstance(rope, dict)]
    for rope in ropes:
        if rope.get("rope_type") in _MOVING_ROPE:
            return Reach(
                0, f"rope_type {rope['rope_type']!r}, whose frequencies change with the length of the prompt"
            )
    other = sorted(set(getattr(text, "layer_types", None) or ()) - {"full_attention"})
    if not other:
        return Reach()
    if choose_family(config).windows and other == ["sliding_attention"]:
        return Reach(1, "layers with a sliding window, which do not see all that stands before a segment")
    return Reach(0, f"layers of type {', '.join(other)}, which do not keep every token")
