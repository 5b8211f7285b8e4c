"""Questions to measure a model with, made of the concepts that somebody has in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from .gate import Trial
from .vlm import SegmentSource

__all__ = ["draw_trials"]

_ONE = ("What do you remember about {a}?", "What does {a} look like?", "Tell me something about {a}.")
_TWO = (
    "What do {a} and {b} have in common?",
    "How do {a} and {b} differ?",
    "Tell me something about {a}, then about {b}.",
)
_MOST = 8


def draw_trials(sources: Sequence[SegmentSource], per_number: int = 6, seed: int = 0) -> Iterator[Trial]:
    """Questions about one and two of these concepts, in contexts of 1 to 8 of them in changing order."""
    rng = random.Random(seed)
    for number in range(1, min(_MOST, len(sources)) + 1):
        for _ in range(per_number):
            chosen = tuple(rng.sample(list(sources), number))
            about = rng.sample(chosen, min(2, number))
            wording = rng.choice(_ONE if number == 1 else (*_ONE, *_TWO))
            yield Trial(chosen, wording.format(a=about[0].name, b=about[-1].name))
