"""What a method made of an item: right only if right under all rotations, and nothing is ever left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .item import Item
from .judging import By, Mark

__all__ = ["Outcome", "outcomes_of"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One item and its marks, one for each rotation; a mark that is missing counts as wrong.

    Multiple choice under all rotations is CircularEval (Liu et al., "MMBench", arXiv 2307.06281).
    """

    item: Item
    marks: tuple[Mark, ...]

    @property
    def whole(self) -> bool:
        """Whether each rotation has exactly one mark."""
        return sorted(mark.rotation for mark in self.marks) == list(range(self.item.rotations))

    @property
    def right(self) -> bool:
        """Whether it is right under all rotations."""
        return self.whole and all(mark.right for mark in self.marks)

    @property
    def first_right(self) -> bool:
        """Whether it is right with the options in their published order, as papers count."""
        return any(mark.right for mark in self.marks if mark.rotation == 0)

    @property
    def readable(self) -> bool:
        """Whether all marks are there and something could be read out of each answer."""
        return self.whole and all(mark.readable for mark in self.marks)

    @property
    def said(self) -> str | None:
        """What was read out of the answer in the published order."""
        return next((mark.said for mark in self.marks if mark.rotation == 0), None)

    @property
    def by(self) -> By:
        """Who decided: ``nobody`` and ``judge`` before ``rules``, if they decided on any rotation."""
        deciders = {mark.by for mark in self.marks}
        return "nobody" if "nobody" in deciders else "judge" if "judge" in deciders else "rules"


def outcomes_of(items: Sequence[Item], marks: Iterable[Mark]) -> tuple[Outcome, ...]:
    """One outcome for each item, in order; marks of other items are not looked at (`jarvis_bench.audit`)."""
    by_item: dict[str, list[Mark]] = {item.id: [] for item in items}
    for mark in marks:
        if mark.item in by_item:
            by_item[mark.item].append(mark)
    return tuple(Outcome(item, tuple(by_item[item.id])) for item in items)
