"""What both trainings share: a reproducible stream of batches, the optimiser, checkpoints to resume from."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

T = TypeVar("T")


class Stream(IterableDataset[T], Generic[T]):
    """Batches ``start``, ``start + 1``, ...: batch i depends on (seed, i) alone, whatever worker draws it."""

    def __init__(self, draw: Callable[[random.Random, int], T], seed: int, start: int) -> None:
        self.draw, self.seed, self.start = draw, seed, start

    def __iter__(self) -> Iterator[T]:
        """Draw this worker's share of the batches, in order."""
        info = get_worker_info()
        step, stride = (self.start + info.id, info.num_workers) if info else (self.start, 1)
        torch.set_num_threads(1)
        while True:
            yield self.draw(random.Random(f"{self.seed}/{step}"), step)
            step += stride


def batches(draw: Callable[[random.Random, int], T], seed: int, start: int, workers: int) -> Iterator[T]:
    """The stream, drawn ahead in worker processes."""
    loader = DataLoader(
        Stream(draw, seed, start),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        multiprocessing_context="fork" if workers else None,
    )
    return iter(loader)


def make_optimizer(parameters: Any, lr: float) -> torch.optim.AdamW:
    """AdamW as in the probes: betas (0.9, 0.98), weight decay 0.01."""
    return torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.98), weight_decay=0.01)


def rate(lr: float, step: int, spent: float, warmup: int = 200, cooldown: float = 0.3) -> float:
    """Learning rate: warm up, hold, fall linearly to a hundredth over the last time (``spent`` in 0..1)."""
    fall = min(1.0, max(0.01, (1 - spent) / cooldown))
    return lr * min(1.0, (step + 1) / warmup) * fall


def save_state(folder: Path, model: Any, optimizer: torch.optim.Optimizer, progress: dict[str, Any]) -> None:
    """Write weights, optimiser state and progress; each file is replaced at once, progress last."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"model/{k}": v.detach().cpu().contiguous().clone() for k, v in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"adam/{index}/{k}": v.detach().cpu().contiguous().clone() for k, v in state.items()}
    save_file(tensors, folder / "state.tmp")
    (folder / "state.tmp").replace(folder / "state.safetensors")
    (folder / "progress.tmp").write_text(json.dumps(progress))
    (folder / "progress.tmp").replace(folder / "progress.json")


def load_state(folder: Path, model: Any, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Restore what `save_state` wrote; returns the progress (empty if there is none)."""
    if not (folder / "progress.json").exists():
        return {}
    tensors = load_file(folder / "state.safetensors")
    model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model/")})
    state = optimizer.state_dict()
    slots: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith("adam/"):
            _, index, name = key.split("/")
            slots.setdefault(int(index), {})[name] = value
    state["state"] = slots
    optimizer.load_state_dict(state)
    return dict(json.loads((folder / "progress.json").read_text()))


def say(name: str, step: int, means: dict[str, float]) -> None:
    """One progress line."""
    print(name, step, " ".join(f"{k}:{v:.3f}" for k, v in means.items()), flush=True)  # noqa: T201


class Meter:
    """Means since the last report, one line each ``every`` steps, kept in ``history``."""

    def __init__(self, every: int) -> None:
        self.every, self.waited = every, 0.0
        self.sums: dict[str, list[float]] = {}
        self.began = time.monotonic()

    def add(self, name: str, value: float, weight: float = 1.0) -> None:
        """Add ``value`` (a mean over ``weight`` things)."""
        cell = self.sums.setdefault(name, [0.0, 0.0])
        cell[0] += value * weight
        cell[1] += weight

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count what happens inside as waiting for data."""
        began = time.monotonic()
        yield
        self.waited += time.monotonic() - began

    def report(self) -> dict[str, float]:
        """The means and the share of time spent waiting for data; starts anew."""
        means = {name: total / weight for name, (total, weight) in sorted(self.sums.items()) if weight}
        means["waiting"] = self.waited / max(1e-9, time.monotonic() - self.began)
        self.sums, self.waited, self.began = {}, 0.0, time.monotonic()
        return means
