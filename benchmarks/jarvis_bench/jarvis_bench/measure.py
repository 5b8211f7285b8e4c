"""Measures: sums over units that can be resampled, and the figure that is made of the sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .outcome import Outcome

__all__ = ["Measure", "accuracy", "caption_recall", "recognition_f1", "unit_of"]

Array = NDArray[np.float64]
_CHUNK: Final = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """A figure of a method on some items.

    Attributes:
        units: what is drawn when items are resampled: items, or pictures, videos and facts that items share.
        sums: (units, k): what each unit adds.
        figures: from totals (n, k) to the figures by name, each (n,); not a number where it is not defined.
        name: of the figure that counts.
    """

    units: tuple[str, ...]
    sums: Array
    figures: Callable[[Array], dict[str, Array]]
    name: str

    def values(self) -> dict[str, float]:
        """All figures, on all units."""
        totals = self.sums.sum(axis=0, keepdims=True)
        return {name: float(figure[0]) for name, figure in self.figures(totals).items()}

    @property
    def value(self) -> float:
        """The figure that counts."""
        return self.values()[self.name]

    def resampled(self, resamples: int, seed: int) -> Array:
        """The figure on as many draws of units with replacement, (resamples,); equal seeds draw alike."""
        rng = np.random.default_rng(seed)
        count = len(self.units)
        found: list[Array] = []
        step = max(1, _CHUNK // max(1, count))
        for start in range(0, resamples, step):
            size = min(step, resamples - start)
            weights = rng.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)
            found.append(self.figures(weights @ self.sums)[self.name])
        return np.concatenate(found)


def unit_of(outcome: Outcome) -> str:
    """Items about the same pictures, video or fact are not independent: they are drawn together."""
    return outcome.item.unit


def accuracy(outcomes: Sequence[Outcome]) -> Measure:
    """Share of right items; ``published order`` counts only the options as they were published."""

    def figures(totals: Array) -> dict[str, Array]:
        right, first, count = totals.T
        return {"accuracy": _share(right, count), "published order": _share(first, count)}

    rows = np.zeros((len(outcomes), 3))
    for row, outcome in zip(rows, outcomes, strict=True):
        row[:] = (outcome.right, outcome.first_right, 1)
    return Measure(*_by_unit(outcomes, rows), figures, "accuracy")


def recognition_f1(outcomes: Sequence[Outcome]) -> Measure:
    """Precision and recall averaged over concepts, F1 from the averages (Ego, arXiv 2603.09771, section 4.1).

    For several concepts that are asked about at once, the average is over the sets. What cannot be read is
    wrong: the concept was missed where it is there, and was called where it is not. A concept that is there
    and never called has precision 0; one that is nowhere has no recall. ``weighted`` is the mean of the
    shares of right answers on positives and on negatives (Yo'LLaVA, arXiv 2406.09400).
    """
    asked = sorted({outcome.item.concepts for outcome in outcomes})
    column = {concepts: 3 * number for number, concepts in enumerate(asked)}
    # For each concept found, called, there; then right on positives, positives, right on negatives, those.
    rows = np.zeros((len(outcomes), 3 * len(asked) + 4))
    for row, outcome in zip(rows, outcomes, strict=True):
        here, right = outcome.item.answer == "yes", outcome.right
        place = column[outcome.item.concepts]
        row[place : place + 3] = (here and right, right if here else not right, here)
        row[-4:] = (here and right, here, not here and right, not here)

    def figures(totals: Array) -> dict[str, Array]:
        found, called, there = (totals[:, part : 3 * len(asked) : 3] for part in range(3))
        precision = _mean(np.where(called > 0, _share(found, called), 0.0), (called > 0) | (there > 0))
        recall = _mean(_share(found, there), there > 0)
        positive, negative = _share(totals[:, -4], totals[:, -3]), _share(totals[:, -2], totals[:, -1])
        both = precision + recall
        f1 = np.where(both == 0, 0.0, 2 * precision * recall / np.where(both == 0, 1.0, both))
        return {"f1": f1, "precision": precision, "recall": recall, "weighted": (positive + negative) / 2}

    return Measure(*_by_unit(outcomes, rows), figures, "f1")


def caption_recall(outcomes: Sequence[Outcome]) -> Measure:
    """Share of captions that name all who are there, averaged over concepts or sets (Ego, section 4.1).

    ``names`` is the share of the names that are there, ``precision`` the share of those named that are there:
    a caption that names everybody has the first and not the second.
    """
    asked = sorted({outcome.item.concepts for outcome in outcomes})
    column = {concepts: 2 * number for number, concepts in enumerate(asked)}
    rows = np.zeros((len(outcomes), 2 * len(asked) + 3))
    for row, outcome in zip(rows, outcomes, strict=True):
        place = column[outcome.item.concepts]
        row[place : place + 2] = (outcome.right, 1)
        named = {name for name in (outcome.said or "").split("\n") if name}
        there = set(outcome.item.concepts)
        row[-3:] = (len(named & there), len(there), len(named))

    def figures(totals: Array) -> dict[str, Array]:
        right, count = totals[:, 0 : 2 * len(asked) : 2], totals[:, 1 : 2 * len(asked) : 2]
        return {
            "recall": _mean(_share(right, count), count > 0),
            "names": _share(totals[:, -3], totals[:, -2]),
            "precision": np.where(totals[:, -1] > 0, _share(totals[:, -3], totals[:, -1]), 0.0),
        }

    return Measure(*_by_unit(outcomes, rows), figures, "recall")


def _by_unit(outcomes: Sequence[Outcome], rows: Array) -> tuple[tuple[str, ...], Array]:
    """The units, sorted, and the sums of their rows, (units, k)."""
    units, places = np.unique([unit_of(outcome) for outcome in outcomes], return_inverse=True)
    sums = np.zeros((len(units), rows.shape[1]))
    np.add.at(sums, places, rows)
    return tuple(units.tolist()), sums


def _share(part: Array, whole: Array) -> Array:
    """Part of whole; not a number where the whole is nothing."""
    share: Array = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
    return share


def _mean(values: Array, there: NDArray[np.bool_]) -> Array:
    """Mean over those columns that are there, (n,)."""
    total = np.where(there, values, 0.0).sum(axis=1)
    return _share(total, there.sum(axis=1).astype(np.float64))
