"""Signs of cheating, or of a mistake that has the same effect. A sign is for a person to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from .dataset import Dataset
from .intervals import wilson
from .item import LETTERS, Item
from .judging import Mark
from .leaks import leaks_of
from .outcome import Outcome
from .score import grouped

__all__ = ["Sign", "constant_signs", "dropped_signs", "leak_signs"]

_LEAST: Final = 8  # fewer answers say nothing about a habit
_MOST: Final = 0.9


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that should not be, and what was seen of it.

    ``constant``: nearly always the same answer; ``dropped``: answers without a mark; ``leak``: reference
    views among the test pictures; ``names``: answers that change with names of files, ids or the order.
    """

    kind: Literal["constant", "dropped", "leak", "names"]
    what: str


def dropped_signs(items: Sequence[Item], marks: Iterable[Mark]) -> tuple[Sign, ...]:
    """Whether each item has exactly one mark under each rotation.

    A parser that leaves out what it cannot read makes the share of right answers larger (the published
    recognition script of Yo'LLaVA does). Here a missing mark is wrong (`Outcome`), and told.
    """
    wanted = {(item.id, turn) for item in items for turn in range(item.rotations)}
    got = Counter((mark.item, mark.rotation) for mark in marks)
    signs = []
    for keys, what in (
        (sorted(wanted - got.keys()), "have no mark and count as wrong"),
        (sorted(key for key, count in got.items() if count > 1), "have several marks and count as wrong"),
        (sorted(got.keys() - wanted), "were marked and never asked"),
    ):
        if keys:
            signs.append(Sign("dropped", f"{len(keys)} answers {what}, such as {keys[0][0]!r}"))
    return tuple(signs)


def constant_signs(outcomes: Iterable[Outcome]) -> tuple[Sign, ...]:
    """Whether a method says the same whatever it is asked, where the truth varies.

    Of a choice all rotations count, so that the truth falls on all letters equally often. A sign is: at least
    8 answers, and all the same; or nine tenths the same, and Wilson's interval of that share lies above the
    share of the commonest truth.
    """
    signs = []
    for group, some in grouped(outcomes).items():
        said = Counter(mark.said for outcome in some for mark in outcome.marks)
        truth = Counter(
            _truth(outcome.item, turn) for outcome in some for turn in range(outcome.item.rotations)
        )
        count = said.total()
        if count < _LEAST or len(truth) < 2:
            continue
        word, most = said.most_common(1)[0]
        commonest = truth.most_common(1)[0][1] / truth.total()
        if most == count or (most >= _MOST * count and wilson(most, count).low > commonest):
            spoken = "nothing that can be read" if word is None else repr(word[:40])
            what = f"{group}: {most} of {count} answers are {spoken}"
            signs.append(Sign("constant", f"{what}; no truth is there more than {commonest:.0%} of the time"))
    return tuple(signs)


def leak_signs(dataset: Dataset) -> tuple[Sign, ...]:
    """Whether test pictures are reference views, or copies of them."""
    leaks = leaks_of(dataset)
    if not leaks:
        return ()
    exact = sum(leak.kind == "exact" for leak in leaks)
    first = leaks[0]
    return (
        Sign(
            "leak",
            f"{len(leaks)} items show a reference photo ({exact} exactly), such as {first.picture!r}, "
            f"which is {first.reference!r} of {first.concept!r}",
        ),
    )


def _truth(item: Item, rotation: int) -> str:
    if item.form == "choice":
        return LETTERS[(LETTERS.index(item.answer) - rotation) % len(item.options)]
    return item.answer or " ".join((*item.needs, *item.concepts))
