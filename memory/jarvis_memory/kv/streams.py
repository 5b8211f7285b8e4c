"""Copies that run beside other work of a GPU."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

__all__ = ["join_stream", "side_stream"]


@cache
def side_stream(device: torch.device) -> Any:
    """The one stream of a CUDA device that segments are copied on."""
    return torch.cuda.Stream(device)


def join_stream(device: torch.device) -> None:
    """Let the current stream wait for all copies; nothing where there is no CUDA."""
    if device.type == "cuda":
        torch.cuda.current_stream(device).wait_stream(side_stream(device))
