"""Which operators of torch a stage spends its time in, and how often it calls them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

__all__ = ["Operator", "top_operators"]

_CALLS = 5


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a stage.

    Attributes:
        name: As torch calls it.
        calls: How often.
        share: Of the time of all operators, without those that it calls: the GPU's where the model computes
            on one, else the processor's.
    """

    name: str
    calls: int
    share: float


def top_operators(
    device: torch.device, what: Callable[[], object], most: int = 4
) -> tuple[int, tuple[Operator, ...]]:
    """How many operators a call calls in all, and those that take most of it: the mean of five calls.

    A call of an operator costs some microseconds however little it does: where the calls of a stage, times
    those, are near what it took, it waits for the processor, not for the GPU.
    """
    from torch.profiler import ProfilerActivity, profile

    cuda = device.type == "cuda"
    what()
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
    with profile(activities=activities) as seen:
        for _ in range(_CALLS):
            what()
        if cuda:
            torch.cuda.synchronize(device)
    rows = [
        (
            row.key,
            round(row.count / _CALLS),
            float(row.self_device_time_total if cuda else row.self_cpu_time_total),
        )
        for row in seen.key_averages()
        if row.key.startswith("aten::")
    ]
    whole = sum(time for _, _, time in rows) or 1.0
    rows.sort(key=lambda row: -row[2])
    return sum(count for _, count, _ in rows), tuple(
        Operator(name.removeprefix("aten::"), count, time / whole) for name, count, time in rows[:most]
    )
