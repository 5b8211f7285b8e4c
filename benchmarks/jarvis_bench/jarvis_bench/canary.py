"""The canary: the same items again, in another order, under other ids, with names of files that mislead."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jarvis_retrievers.errors import JarvisError

from .audit import Sign
from .dataset import Dataset
from .disguise import Asked, Disguise
from .intervals import mcnemar
from .item import Item
from .judging import mark_answer
from .method import Method
from .progress import Course

__all__ = ["Canary", "canary_questions", "run_canary"]


@dataclass(frozen=True, slots=True)
class Canary:
    """How many answers changed.

    Attributes:
        asked: how many questions were asked, each three times.
        unstable: how many changed when asked again in exactly the same way.
        changed: how many changed under other names, ids and another order.
        p: of McNemar's test that the second is no more than the first.
    """

    asked: int
    unstable: int
    changed: int
    p: float

    @property
    def signs(self) -> tuple[Sign, ...]:
        """A sign if more answers changed than the method changes by itself."""
        if self.changed <= self.unstable or (self.unstable and self.p >= 0.05):
            return ()
        what = f"{self.changed} of {self.asked} answers change with names of files, ids or the order"
        return (Sign("names", f"{what}; {self.unstable} change by themselves"),)


def run_canary(
    method: Method,
    dataset: Dataset,
    *,
    items: int = 40,
    seed: int = 0,
    course: Course | None = None,
) -> Canary:
    """Ask some items of every group three times: as they are, so again, and under a bait.

    What a method makes of pictures and words alone does not change under the bait. ``course`` is told of
    each answer.
    """
    chosen = _chosen(dataset, items, seed)
    plain, bait = Disguise(chosen, seed), Disguise(chosen, seed + 1, bait=True)
    asked = canary_questions(dataset, items, seed)
    step = course.part(f"{method.name} canary", asked) if course else lambda: None
    first, again, baited = (_said(method, disguise, step) for disguise in (plain, plain, bait))
    unstable = {key for key in first if first[key] != again[key]}
    changed = {key for key in first if first[key] != baited[key]}
    test = mcnemar(len(changed - unstable), len(unstable - changed))
    return Canary(len(first), len(unstable), len(changed), test.p)


def canary_questions(dataset: Dataset, items: int, seed: int) -> int:
    """How many questions a canary of so many items asks."""
    return 3 * sum(item.rotations for item in _chosen(dataset, items, seed).items)


def _chosen(dataset: Dataset, items: int, seed: int) -> Dataset:
    return dataset.keeping(_sample(dataset.items, items, seed))


def _said(method: Method, disguise: Disguise, step: Callable[[], None]) -> Mapping[Asked, str | None]:
    """What was read out of each answer; errors are answers too."""
    dataset = disguise.dataset
    names = {concept.id: concept.name for concept in dataset.concepts}
    memory = disguise.opened(method, dataset.concepts)
    said: dict[tuple[str, int], str | None] = {}
    try:
        for asked in disguise.order():
            step()
            try:
                text = memory.answer(disguise.query(asked)).text
            except JarvisError as error:
                said[asked.item.id, asked.rotation] = f"{type(error).__name__}: {error}"
                continue
            said[asked.item.id, asked.rotation] = mark_answer(asked.item, asked.rotation, text, names).said
    finally:
        memory.close()
    return {asked: said[asked.item.id, asked.rotation] for asked in disguise.order()}


def _sample(items: tuple[Item, ...], count: int, seed: int) -> tuple[Item, ...]:
    """As equally from each group as there are items, shuffled."""
    rng = random.Random(f"canary/{seed}")
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in rng.sample(items, len(items)):
        groups.setdefault((item.group, item.answer if item.form == "yes_no" else ""), []).append(item)
    chosen: list[Item] = []
    while groups and len(chosen) < count:
        for key in sorted(groups):
            if len(chosen) < count:
                chosen.append(groups[key].pop())
            if not groups[key]:
                del groups[key]
    return tuple(chosen)
