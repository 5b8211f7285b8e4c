"""What this machine does at best, measured on the spot instead of read off a data sheet."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.ceilings import Limit, Rates
from benchmarks.machine import settle
from benchmarks.shelf import chill

__all__ = ["measure_rates"]

_MIB = 2**20
_TURNS = 5
_BLOCK = 8 * _MIB


def measure_rates(device: torch.device, dtype: torch.dtype, folder: Path, mebibytes: int) -> Rates:
    """The best of five turns of each, since a limit is what is not passed.

    Args:
        device: Where the model computes.
        dtype: Of its weights.
        folder: On the disk that segments are on.
        mebibytes: How much is copied and read at a time; more than any cache holds.
    """
    size = mebibytes * _MIB
    one = torch.ones(size, dtype=torch.uint8, device=device)
    other = torch.empty_like(one)
    copied = best(device, lambda: other.copy_(one))
    there = torch.ones(size, dtype=torch.uint8, pin_memory=device.type == "cuda")
    carried = best(device, lambda: other.copy_(there, non_blocking=True))
    # Random, as a card slows down where many bits change; large enough that the products fill it.
    side = 8192 if device.type == "cuda" else 1024
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    product = a @ b
    multiplied = best(device, lambda: torch.matmul(a, b, out=product))
    return {
        Limit.OPERATIONS: 2 * side**3 / multiplied,
        Limit.MEMORY: 2 * size / copied,
        Limit.HOST: size / carried,
        Limit.DISK: size / _read(folder, size),
    }


def best(
    device: torch.device, what: Callable[[], object], before: Callable[[], object] = lambda: None
) -> float:
    """The fewest seconds of a call; one more turn, which is not counted, warms up."""
    seconds = []
    for _ in range(_TURNS + 1):
        before()
        settle(device)
        began = time.perf_counter()
        what()
        settle(device)
        seconds.append(time.perf_counter() - began)
    return min(seconds[1:])


def _read(folder: Path, size: int) -> float:
    """Seconds to read a file in order that is in no cache."""
    file = folder / "rate"
    buffer = bytearray(_BLOCK)
    with file.open("wb") as out:
        for _ in range(0, size, _BLOCK):
            out.write(os.urandom(_BLOCK))
        out.flush()
        os.fsync(out.fileno())

    def read() -> None:
        with file.open("rb", buffering=0) as opened:
            while opened.readinto(buffer):
                pass

    try:
        return best(torch.device("cpu"), read, lambda: chill([file]))
    finally:
        file.unlink()
