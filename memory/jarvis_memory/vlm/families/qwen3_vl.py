"""Qwen3-VL: interleaved M-RoPE and DeepStack."""

from __future__ import annotations

from .qwen2_5_vl import Qwen25VL

__all__ = ["Qwen3VL"]


class Qwen3VL(Qwen25VL):
    """Qwen3-VL (arXiv 2511.21631): M-RoPE with interleaved axes, and DeepStack.

    Where things stand is as in Qwen2.5-VL. Interleaving does not matter to a move, which is the same on all
    axes. DeepStack adds visual features to the first layers while an image is encoded: its keys and values
    have them already.
    """

    name = "Qwen3-VL"
    model_type = "qwen3_vl"
