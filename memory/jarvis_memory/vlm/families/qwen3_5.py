"""Qwen3.5: linear attention in most layers."""

from __future__ import annotations

from .qwen2_5_vl import Qwen25VL

__all__ = ["Qwen35"]


class Qwen35(Qwen25VL):
    """Qwen3.5: images and positions as in Qwen3-VL, without DeepStack; most layers keep a state, not rows.

    Nothing of a concept but its tokens and features can be stored; all modes but ``exact`` are refused.
    """

    name = "Qwen3.5"
    model_type = "qwen3_5"
