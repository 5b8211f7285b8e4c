"""How sure a figure is, and whether two methods differ: intervals and paired tests, exact or seeded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from jarvis_retrievers.errors import InputError

from .measure import Measure

__all__ = [
    "RESAMPLES",
    "Difference",
    "Interval",
    "McNemar",
    "bootstrap",
    "mcnemar",
    "paired_bootstrap",
    "wilson",
]

RESAMPLES: Final = 2000
_Z: Final = 1.959963984540054  # 97.5 % of the normal distribution
_SAME: Final = 1e-12  # figures that are nearer are equal, but for rounding


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % interval; the three are not a number where there is nothing to count."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one method is better than another on the same items; the two-sided p of no difference."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class McNemar:
    """Items that only the first has right, that only the second has, and the exact two-sided p."""

    first_only: int
    second_only: int
    p: float


def wilson(right: int, of: int) -> Interval:
    """A rate with its score interval (Wilson, JASA 22, 1927). For items that do not depend on each other.

    Raises:
        InputError: more right than there are.
    """
    if not 0 <= right <= of:
        raise InputError(f"{right} of {of} is no rate; count the right ones among all")
    if of == 0:
        return Interval(math.nan, 0.0, 1.0)
    share = right / of
    scale = 1 + _Z * _Z / of
    centre = (share + _Z * _Z / (2 * of)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    low = 0.0 if right == 0 else centre - half
    return Interval(share, low, 1.0 if right == of else centre + half)


def bootstrap(measure: Measure, *, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """The percentile interval of a figure over its units (Efron and Tibshirani 1993, chapter 13).

    Where all draws agree, as with nothing but right answers, draws say nothing of what was not seen: the
    interval is then Wilson's, of as many trials as there are units.
    """
    if not measure.units:
        return Interval(math.nan, math.nan, math.nan)
    value, (low, high) = measure.value, _ends(measure.resampled(resamples, seed))
    if low == high == value:
        rate = wilson(round(value * len(measure.units)), len(measure.units))
        low, high = min(value, rate.low), max(value, rate.high)
    return Interval(value, low, high)


def paired_bootstrap(
    one: Measure, other: Measure, *, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """The difference of a figure between two methods, both drawn on the same units each time.

    p is twice the smaller share of draws on either side of zero, with one added to both counts (Davison and
    Hinkley 1997, section 4.2), so that it is never 0. Draws of few units agree with each other too much: p is
    at least that of the sign test if all units in which the two differ were in favour of one of them.

    Where all draws agree, they say nothing of what was not seen: the interval is then made of those of both
    figures by square-and-add (Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10). That takes the
    two for independent, which is wide for pairs.

    Raises:
        InputError: the two were not measured on the same units.
    """
    if one.units != other.units or one.name != other.name:
        raise InputError("two methods are compared on the same items only; run both on the same data set")
    if not one.units:
        return Difference(math.nan, math.nan, math.nan, math.nan)
    apart = one.resampled(resamples, seed) - other.resampled(resamples, seed)
    apart = apart[~np.isnan(apart)]
    low, high = _ends(apart)
    least = min(int((apart <= 0).sum()), int((apart >= 0).sum()))
    p = min(1.0, max(2 * (least + 1) / (len(apart) + 1), 2 * 0.5 ** _moved(one, other)))
    value = one.value - other.value
    if high - low < _SAME:
        first, second = (bootstrap(measure, resamples=resamples, seed=seed) for measure in (one, other))
        low = value - math.hypot(first.value - first.low, second.high - second.value)
        high = value + math.hypot(first.high - first.value, second.value - second.low)
    return Difference(value, low, high, p)


def _moved(one: Measure, other: Measure) -> int:
    """In how many units the two differ: those whose exchange between them changes the difference."""
    swap = other.sums - one.sums
    swapped = one.figures(one.sums.sum(axis=0) + swap)[one.name]
    swapped = swapped - other.figures(other.sums.sum(axis=0) - swap)[one.name]
    return int((np.abs(swapped - (one.value - other.value)) > _SAME).sum())


def mcnemar(first_only: int, second_only: int) -> McNemar:
    """The exact test on items of which one method has some right and the other has others (McNemar 1947).

    Under no difference each of them is equally likely to be either one's: p = 2 P(X <= min), X binomial with
    one half, at most 1.

    Raises:
        InputError: a count below zero.
    """
    if first_only < 0 or second_only < 0:
        raise InputError(f"counts are at least 0, got {first_only} and {second_only}")
    count = first_only + second_only
    tail, term = 0, 1
    for size in range(min(first_only, second_only) + 1):
        tail += term
        term = term * (count - size) // (size + 1)
    return McNemar(
        first_only, second_only, min(1.0, 2 * tail / 2**count) if count < 1000 else _share(tail, count)
    )


def _share(tail: int, count: int) -> float:
    """2 * tail / 2 ** count where both are too large for floats."""
    shift = max(0, tail.bit_length() - 64)
    exponent = shift + 1 - count
    return min(1.0, math.ldexp(tail >> shift, exponent))


def _ends(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """The 2.5 and 97.5 percentiles of those values that are numbers."""
    there = values[~np.isnan(values)]
    if not len(there):
        return math.nan, math.nan
    low, high = np.percentile(there, (2.5, 97.5))
    return float(low), float(high)
