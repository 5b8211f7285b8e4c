"""Which family a model is of."""

from __future__ import annotations

from typing import Any

from jarvis_retrievers.errors import UnsupportedModelError

from .family import Family
from .internvl import InternVL
from .llava_onevision import LlavaOnevision
from .qwen2_5_vl import Qwen25VL
from .qwen3_vl import Qwen3VL
from .smolvlm import SmolVLM

__all__ = ["FAMILIES", "choose_family"]

FAMILIES: tuple[Family, ...] = (Qwen25VL(), Qwen3VL(), InternVL(), LlavaOnevision(), SmolVLM())

# Their frequencies change with the length of the prompt: no rotation brings a key to another place.
_MOVING_ROPE = ("dynamic", "longrope")


def choose_family(config: Any) -> Family:
    """The family of a transformers config.

    Raises:
        UnsupportedModelError: No family matches, the rotary frequencies change with the length, or some
            layers do not keep all tokens (sliding windows, linear attention).
    """
    family = next((family for family in FAMILIES if family.matches(config)), None)
    if family is None:
        supported = ", ".join(f"{f.name} ({f.model_type})" for f in FAMILIES)
        raise UnsupportedModelError(
            f"Models of type {getattr(config, 'model_type', None)!r} cannot be used; "
            f"supported are {supported}."
        )
    text = config.get_text_config()
    rope = getattr(text, "rope_parameters", None) or {}
    if rope.get("rope_type", "default") in _MOVING_ROPE:
        raise UnsupportedModelError(
            f"This {family.name} has rope_type {rope['rope_type']!r}, whose frequencies change with the "
            "length, so that its segments cannot be moved; "
            "use a model with rope_type 'default', 'linear' or 'yarn'."
        )
    other = sorted(set(getattr(text, "layer_types", None) or ()) - {"full_attention"})
    if other:
        raise UnsupportedModelError(
            f"This {family.name} has layers of type {', '.join(other)}, which do not keep every token; "
            "use a model with full attention in all layers."
        )
    return family
