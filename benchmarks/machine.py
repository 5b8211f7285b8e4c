"""The machine that a benchmark runs on: what it is, and when its device has done what was asked of it."""

from __future__ import annotations

import platform
from datetime import UTC, datetime

import torch

__all__ = ["machine_facts", "peak_bytes", "reset_peak", "settle"]


def machine_facts(device: torch.device) -> dict[str, str]:
    """Device, versions and date, as every result names them."""
    import transformers

    cuda = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if cuda else platform.machine(),
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "date": datetime.now(UTC).date().isoformat(),
    }


def settle(device: torch.device) -> None:
    """Wait until a GPU has done all that is queued; elsewhere nothing is."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def reset_peak(device: torch.device) -> None:
    """Let :func:`peak_bytes` begin anew."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_bytes(device: torch.device) -> int | None:
    """The most bytes that tensors took on a GPU at one time since :func:`reset_peak`; elsewhere unknown."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
