"""Controls: what a figure has to be seen beside before it means anything."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from jarvis_retrievers.errors import SettingError

from .dataset import BenchConcept, Dataset

__all__ = ["ARMS", "PARTIAL", "Arm", "Plan", "known_to", "swapped"]

Arm = Literal["method", "oracle", "none", "wrong", "constant"]
ARMS: Final[tuple[Arm, ...]] = ("method", "oracle", "none", "wrong", "constant")
"""``method`` itself; ``oracle``: it is told which concepts are asked about; ``none``: it knows no concept;
``wrong``: each name has the photos and notes of another concept; ``constant``: one answer for each
form (`ConstantMethod.best`)."""

PARTIAL: Final[tuple[Arm, ...]] = ("oracle", "none", "wrong")
"""Controls that cost as much as the method itself; a plan may ask them a part of the data."""

_NOTHING: Final[dict[str, object]] = {"photos": (), "later": (), "notes": "", "category": ""}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which arms a run has, in order.

    Options are turned through all rotations in every arm; that is no arm of its own.

    Attributes:
        arms: which, in order.
        share: of the pictures and questions of each kind, what the arms `PARTIAL` are asked; in (0, 1].
    """

    arms: tuple[Arm, ...] = ARMS
    share: float = 1.0

    def __post_init__(self) -> None:
        unknown = [arm for arm in self.arms if arm not in ARMS]
        if unknown or not self.arms or len(set(self.arms)) < len(self.arms):
            got = ", ".join(self.arms) or "none"
            raise SettingError(f"arms are some of {', '.join(ARMS)}, each once; got {got}")
        if not 0 < self.share <= 1:
            raise SettingError(f"a share of the questions is above 0 and at most 1, got {self.share}")


def known_to(arm: Arm, dataset: Dataset, seed: int) -> tuple[BenchConcept, ...]:
    """The concepts that a method is told of in an arm."""
    if arm in ("none", "constant"):
        return ()
    return swapped(dataset.concepts, seed) if arm == "wrong" else dataset.concepts


def swapped(concepts: Sequence[BenchConcept], seed: int) -> tuple[BenchConcept, ...]:
    """Every concept under its own name, with photos, category and notes of another one.

    A random cycle, so that nobody keeps his own. In the notes the other's name becomes the own one. A single
    concept has nobody to swap with and is left without photos and notes.
    """
    if len(concepts) < 2:
        return tuple(one.model_copy(update=_NOTHING) for one in concepts)
    order = list(range(len(concepts)))
    random.Random(f"swap/{seed}").shuffle(order)
    other = {order[place]: concepts[order[place - 1]] for place in range(len(order))}
    return tuple(
        one.model_copy(
            update={
                "photos": other[place].photos,
                "later": other[place].later,
                "category": other[place].category,
                "notes": _renamed(other[place].notes, other[place].name, one.name),
            }
        )
        for place, one in enumerate(concepts)
    )


def _renamed(notes: str, old: str, new: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, notes, flags=re.IGNORECASE)
