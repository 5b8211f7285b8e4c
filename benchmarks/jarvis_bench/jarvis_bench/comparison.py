"""Two methods, or two arms of one, on the same items: by how much they differ, and if that may be chance."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jarvis_retrievers.errors import DatasetError, InputError

from .controls import PARTIAL
from .files import read_object
from .intervals import RESAMPLES, Difference, McNemar, mcnemar, paired_bootstrap
from .jsonl import json_lines, read_dataset
from .judging import Mark
from .outcome import Outcome, outcomes_of
from .sample import part_of
from .score import grouped, measure_of

__all__ = ["Comparison", "compare", "compare_runs", "read_outcomes"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of the table for two methods.

    Attributes:
        group, figure: which line, and which figure.
        one, other: its values.
        difference: the first less the second, from draws of the same pictures.
        items: right answers to single items: those only one of the two has, and McNemar's exact p. Many items
            may share a picture; this test takes them for independent, the bootstrap does not.
    """

    group: str
    figure: str
    one: float
    other: float
    difference: Difference
    items: McNemar


def compare(
    one: Sequence[Outcome], other: Sequence[Outcome], *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Comparison, ...]:
    """One comparison for each group.

    Raises:
        InputError: the outcomes are not of the same items.
    """
    if [outcome.item for outcome in one] != [outcome.item for outcome in other]:
        raise InputError("two methods are compared on the same items only; run both on the same data set")
    found = []
    others = grouped(other)
    for group, mine in grouped(one).items():
        theirs = others[group]
        first, second = measure_of(mine), measure_of(theirs)
        pairs = [(a.right, b.right) for a, b in zip(mine, theirs, strict=True)]
        found.append(
            Comparison(
                group=group,
                figure=first.name,
                one=first.value,
                other=second.value,
                difference=paired_bootstrap(first, second, resamples=resamples, seed=seed),
                items=mcnemar(pairs.count((True, False)), pairs.count((False, True))),
            )
        )
    return tuple(found)


def compare_runs(
    one: str | os.PathLike[str],
    other: str | os.PathLike[str],
    *,
    arms: tuple[str, str] = ("method", "method"),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """The same, from the folders of two runs; the pictures of the data are not needed.

    Raises:
        DatasetError: a folder without a finished run, or without that arm.
        InputError: the runs are on different data (photos are data too), or only one of them had a judge.
    """
    for file, key, what in (
        ("run.json", "dataset", "the same items and reference photos only; run both on the same data set"),
        ("table.json", "judge", "equal terms only; run both with a judge or both without"),
    ):
        if _told(one, file, key) != _told(other, file, key):
            raise InputError(f"two methods are compared on {what}; got {one} and {other}")
    first, second = read_outcomes(one, arms[0]), read_outcomes(other, arms[1])
    # An arm that was asked a share of the items is compared on those.
    both = {outcome.item.id for outcome in first} & {outcome.item.id for outcome in second}
    return compare(
        [outcome for outcome in first if outcome.item.id in both],
        [outcome for outcome in second if outcome.item.id in both],
        resamples=resamples,
        seed=seed,
    )


def read_outcomes(folder: str | os.PathLike[str], arm: str = "method") -> tuple[Outcome, ...]:
    """What one arm of a finished run made of its items.

    Raises:
        DatasetError: no finished run, or it does not have that arm.
    """
    place = _finished(folder)
    dataset = read_dataset(place / "dataset.jsonl", place)
    marks = []
    for number, line in json_lines(place / "marks.jsonl"):
        try:
            if line.pop("arm") == arm:
                marks.append(Mark(**line))
        except (KeyError, TypeError) as error:
            raise DatasetError(f"{place / 'marks.jsonl'}, line {number} is no mark; run it again") from error
    if not marks:
        raise DatasetError(f"{place} has no arm {arm!r}; run it with that arm in its plan")
    share = _told(place, "table.json", "share") if arm in PARTIAL else 1
    return outcomes_of(part_of(dataset.items, share), marks)


def _told(folder: str | os.PathLike[str], file: str, key: str) -> Any:
    path = _finished(folder) / file
    value = read_object(path)
    if key not in value:
        raise DatasetError(f"{path} is damaged: it has no {key!r}; run it again")
    return value[key]


def _finished(folder: str | os.PathLike[str]) -> Path:
    place = Path(folder).expanduser()
    if not all((place / name).exists() for name in ("run.json", "marks.jsonl", "table.json")):
        raise DatasetError(f"{place} holds no finished run; run it to its end first")
    return place
