"""Scores: for each line of the table the figures, their intervals, and how the answers were read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .intervals import RESAMPLES, Interval, bootstrap, wilson
from .item import Form, Item
from .measure import Measure, accuracy, caption_recall, recognition_f1
from .outcome import Outcome

__all__ = ["Score", "grouped", "kind_of", "measure_of", "scores_of"]

_MEASURES: Final[dict[Form, Callable[[Sequence[Outcome]], Measure]]] = {
    "yes_no": recognition_f1,
    "choice": accuracy,
    "open": accuracy,
    "caption": caption_recall,
}


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the table.

    Attributes:
        group: `Item.group`.
        figure: name of the figure that counts.
        value: it, with its bootstrap interval.
        others: the figures beside it, by name.
        items: how many items.
        readable: share of items all of whose answers could be read, with Wilson's interval.
        unreadable, missing, doubted: how many items could not be read or lack an answer (both are wrong),
            and how many have a published answer that is doubted.
        by_rules, by_judge, undecided: on how many items who decided; undecided ones are wrong.
    """

    group: str
    figure: str
    value: Interval
    others: dict[str, float]
    items: int
    readable: Interval
    unreadable: int
    missing: int
    doubted: int
    by_rules: int
    by_judge: int
    undecided: int


def grouped(outcomes: Iterable[Outcome]) -> dict[str, tuple[Outcome, ...]]:
    """Outcomes by the line of the table they count in, in order of names."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.item.group, []).append(outcome)
    return {group: tuple(groups[group]) for group in sorted(groups)}


def kind_of(item: Item) -> tuple[str, str]:
    """The line of the table that an item counts in, and its kind there; recognition has one kind.

    F1 needs pictures that show a concept and pictures that do not, and kinds often are of one sort.
    """
    return item.group, "" if item.form == "yes_no" else item.kind


def measure_of(outcomes: Sequence[Outcome]) -> Measure:
    """The measure of the outcomes of one group."""
    return _MEASURES[outcomes[0].item.form](outcomes)


def scores_of(outcomes: Iterable[Outcome], *, resamples: int = RESAMPLES, seed: int = 0) -> tuple[Score, ...]:
    """One score for each group."""
    return tuple(_score(group, some, resamples, seed) for group, some in grouped(outcomes).items())


def _score(group: str, outcomes: Sequence[Outcome], resamples: int, seed: int) -> Score:
    measure = measure_of(outcomes)
    figures = measure.values()
    readable = sum(outcome.readable for outcome in outcomes)
    whole = sum(outcome.whole for outcome in outcomes)
    return Score(
        group=group,
        figure=measure.name,
        value=bootstrap(measure, resamples=resamples, seed=seed),
        others={name: value for name, value in figures.items() if name != measure.name},
        items=len(outcomes),
        readable=wilson(readable, len(outcomes)),
        unreadable=whole - readable,
        missing=len(outcomes) - whole,
        doubted=sum(bool(outcome.item.source.doubt) for outcome in outcomes),
        by_rules=sum(outcome.whole and outcome.by == "rules" for outcome in outcomes),
        by_judge=sum(outcome.whole and outcome.by == "judge" for outcome in outcomes),
        undecided=sum(outcome.whole and outcome.by == "nobody" for outcome in outcomes),
    )
