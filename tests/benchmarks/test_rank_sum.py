"""The test of ranks against all ways to deal the same numbers into two samples."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rank_sum import rank_sum


def pairs(first: Sequence[float], second: Sequence[float]) -> float:
    return sum((a > b) + (a == b) / 2 for a in first for b in second)


def dealt(numbers: Sequence[float], size: int) -> list[float]:
    """u of every way to choose the first sample."""
    found = []
    for chosen in itertools.combinations(range(len(numbers)), size):
        first = [numbers[place] for place in chosen]
        second = [number for place, number in enumerate(numbers) if place not in chosen]
        found.append(pairs(first, second))
    return found


@settings(max_examples=40, deadline=None)
@given(
    first=st.lists(st.integers(0, 5), min_size=1, max_size=5),
    second=st.lists(st.integers(0, 5), min_size=1, max_size=5),
)
def test_mean_and_deviation_are_those_of_all_deals(first: list[float], second: list[float]) -> None:
    told, every = rank_sum(first, second), dealt([*first, *second], len(first))
    assert told.u == pairs(first, second)
    assert told.mean == pytest.approx(statistics.fmean(every))
    assert told.deviation == pytest.approx(statistics.pstdev(every), abs=1e-9)
    assert rank_sum(second, first).p == pytest.approx(told.p)


@pytest.mark.parametrize("levels", [1000, 6])
@pytest.mark.parametrize("seed", range(6))
def test_p_is_near_the_share_of_deals_that_are_as_far_away(seed: int, levels: int) -> None:
    numbers = random.Random(seed)
    first = [numbers.randrange(levels) + seed * levels / 12 for _ in range(8)]
    second = [float(numbers.randrange(levels)) for _ in range(8)]
    every, told = dealt([*first, *second], 8), rank_sum(first, second)
    away = abs(told.u - told.mean)
    exact = sum(abs(u - told.mean) >= away - 1e-9 for u in every) / len(every)
    assert told.p == pytest.approx(exact, abs=0.02 if levels > 10 else 0.05)  # ties leave gaps


def test_known_values() -> None:
    # Three above three: both orders are 1 of 20 deals each, the approximation says 0.0809.
    told = rank_sum([4, 5, 6], [1, 2, 3])
    assert (told.u, told.mean) == (9, 4.5)
    assert told.deviation == pytest.approx(math.sqrt(5.25))
    assert told.p == pytest.approx(math.erfc(4 / math.sqrt(5.25) / math.sqrt(2)))
    assert rank_sum([1, 1], [1, 1]).p == 1.0
    with pytest.raises(ValueError, match="got 0 and 1"):
        rank_sum([], [1])


def test_a_small_shift_of_many_is_found_and_none_is_not() -> None:
    numbers = random.Random(1)
    first, second = ([numbers.gauss(1, 0.1) for _ in range(400)] for _ in range(2))
    assert rank_sum(first, second).p > 0.05
    assert rank_sum(first, [1.05 * number for number in second]).p < 1e-4
