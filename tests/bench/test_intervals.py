"""Intervals and tests against closed forms, published examples and full enumeration."""

from __future__ import annotations

import math
from itertools import product
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jarvis_bench import (
    Clip,
    Item,
    Mark,
    Measure,
    Outcome,
    accuracy,
    bootstrap,
    mcnemar,
    paired_bootstrap,
    recognition_f1,
    wilson,
)
from jarvis_retrievers.errors import InputError
from tests.bench.worlds import HERE, choice, imagined, recognition, said

PICTURES = [imagined(f"picture {number}") for number in range(6)]


def test_wilson() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81/263, 15/148, 0/20, 1/29.
    for right, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(right, of)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(InputError, match="3 of 2 is no rate"):
        wilson(3, 2)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial(first: int, second: int) -> None:
    count = first + second
    # Brute force: all outcomes at least as far from the middle.
    p = sum(comb(count, k) for k in range(count + 1) if abs(2 * k - count) >= abs(first - second)) / 2**count
    assert mcnemar(first, second).p == pytest.approx(p)
    assert mcnemar(second, first).p == mcnemar(first, second).p


def test_mcnemar_by_hand_and_far_out() -> None:
    assert mcnemar(0, 5).p == 0.0625
    assert mcnemar(0, 0).p == 1.0
    large = mcnemar(2000, 2200)  # normal approximation with continuity: z = 199 / sqrt(4200)
    assert large.p == pytest.approx(math.erfc(199 / math.sqrt(4200) / math.sqrt(2)), rel=0.01)
    assert mcnemar(999, 1).p == pytest.approx(2 * 1001 / 2**1000, rel=1e-9)
    with pytest.raises(InputError, match="at least 0"):
        mcnemar(-1, 2)


def rates(right: list[bool], prefix: str = "i") -> list[Outcome]:
    items = [choice(f"{prefix}{number}", [], ["x", "y"], 0, None) for number in range(len(right))]
    return [said(item, *("RR" if good else "WW")) for item, good in zip(items, right, strict=True)]


def test_the_bootstrap_is_that_of_all_draws() -> None:
    right = [True, True, False, True, False, False]
    # Brute force: all 6 ** 6 draws are equally likely.
    draws = sorted(sum(drawn) / 6 for drawn in product(right, repeat=6))
    low, high = np.percentile(draws, (2.5, 97.5))
    found = bootstrap(accuracy(rates(right)), resamples=20_000, seed=3)
    assert found.value == 0.5
    assert found.low == pytest.approx(low, abs=1e-9)
    assert found.high == pytest.approx(high, abs=1e-9)
    spread = accuracy(rates(right)).resampled(20_000, 1).std()
    assert spread == pytest.approx(math.sqrt(0.25 / 6), rel=0.02)


def test_the_bootstrap_is_seeded() -> None:
    measure = accuracy(rates([True, False] * 20))
    assert bootstrap(measure, seed=1) == bootstrap(measure, seed=1)
    assert list(measure.resampled(50, 1)) != list(measure.resampled(50, 2))
    nothing = bootstrap(accuracy([]))
    assert math.isnan(nothing.value)


def test_items_of_one_picture_are_drawn_together() -> None:
    # Two pictures with 50 items each, one all right and one all wrong: as uncertain as two items.
    items = [
        choice(f"{place} {n}", [], ["x", "y"], 0, PICTURES[place]) for place in (0, 1) for n in range(50)
    ]
    measure = accuracy([said(item, *("RR" if item.id.startswith("0") else "WW")) for item in items])
    assert len(measure.units) == 2
    assert set(measure.resampled(500, 0)) == {0.0, 0.5, 1.0}


def test_a_fact_in_other_words_and_a_video_are_one_unit() -> None:
    def asked(id: str, **fields: Any) -> Item:
        told = {"id": id, "task": "text", "question": "?", "answer": "x", "source": HERE}
        return Item.model_validate(told | fields)

    clips = [Clip(path=f"{name}.mp4", digest=name * 64) for name in "ab"]
    items = [
        *(asked(f"fact {n}", fact="worn/bo") for n in range(4)),
        *(asked(f"alone {n}") for n in range(3)),
        *(asked(f"clip {n}", task="video", video=clips[n % 2]) for n in range(4)),
        asked("clip of a fact", task="video", video=clips[0], fact="worn/bo"),
    ]
    right = [Outcome(item, (Mark(item.id, 0, item.fact != "", "x"),)) for item in items]
    measure = accuracy(right)
    assert measure.units == ("a" * 64, "alone 0", "alone 1", "alone 2", "b" * 64, "worn/bo")
    assert measure.sums[:, 0].tolist() == [0, 0, 0, 0, 0, 5]
    # All right is as sure as one trial, whatever the wordings.
    assert bootstrap(accuracy(right[:4])) == wilson(1, 1)


def test_the_paired_bootstrap_is_that_of_all_draws() -> None:
    one, other = [True, True, True, False, True, False], [True, False, False, False, True, True]
    apart = [int(a) - int(b) for a, b in zip(one, other, strict=True)]
    draws = [sum(drawn) / 6 for drawn in product(apart, repeat=6)]
    found = paired_bootstrap(accuracy(rates(one)), accuracy(rates(other)), resamples=20_000, seed=5)
    assert found.value == pytest.approx(1 / 6)
    low, high = np.percentile(draws, (2.5, 97.5))
    assert [found.low, found.high] == pytest.approx([low, high])
    assert found.p == pytest.approx(2 * sum(draw <= 0 for draw in draws) / len(draws), rel=0.05)


def test_a_method_against_itself_does_not_differ() -> None:
    measure = accuracy(rates([True, False, True, True]))
    same = paired_bootstrap(measure, measure)
    assert (same.value, same.p) == (0, 1)
    assert -1 < same.low < 0 < same.high < 1  # four items do not show that two methods are the same
    assert same.low == -same.high
    with pytest.raises(InputError, match="same items only"):
        paired_bootstrap(measure, accuracy(rates([True, False, True, True], "other")))


@pytest.mark.parametrize("count", [1, 3, 5, 6, 10])
def test_few_items_on_which_all_draws_agree_prove_little(count: int) -> None:
    all_right, none = accuracy(rates([True] * count)), accuracy(rates([False] * count))
    found = paired_bootstrap(all_right, none)
    assert found.p == pytest.approx(max(mcnemar(count, 0).p, 2 / 2001))
    # Newcombe's square-and-add of Wilson's intervals.
    rate = wilson(count, count)
    low = 1 - math.sqrt(2) * (1 - rate.low)
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(low)
    alike = paired_bootstrap(all_right, all_right)
    assert [alike.low, alike.high, alike.p] == pytest.approx([rate.low - 1, 1 - rate.low, 1])


def test_newcombe_by_the_published_example() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table II, method 10: 10/10 and 0/20 give 0.6791 to 1.
    first, second = wilson(10, 10), wilson(0, 20)
    assert round(1 - math.hypot(1 - first.low, second.high), 4) == 0.6791
    many, few = accuracy(rates([True] * 10)), accuracy(rates([False] * 10))
    assert paired_bootstrap(many, few).low < 0.6791  # ten fewer


def test_units_that_differ_in_another_figure_only_do_not_count() -> None:
    items = [choice(f"i{number}", [], ["x", "y"], 0, None) for number in range(8)]
    one = accuracy([said(item, *("RR" if number == 0 else "RW")) for number, item in enumerate(items)])
    other = accuracy([said(item, *"WW") for item in items])
    # All differ in the published order, one alone in what counts.
    assert paired_bootstrap(one, other).p == 1


def test_two_methods_that_are_equally_good_seldom_differ() -> None:
    rng = np.random.default_rng(7)
    for count in (1, 3, 6, 12):
        items = [choice(f"i{number}", [], ["x", "y"], 0, None) for number in range(count)]

        def measured(right: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Measure:
            words = ["RR" if good else "WW" for good in right]
            return accuracy([said(item, *word) for item, word in zip(items, words, strict=True)])  # noqa: B023

        for rate in (0.5, 0.8):
            pairs = [(rng.random(count) < rate, rng.random(count) < rate) for _ in range(100)]
            found = [
                paired_bootstrap(measured(a), measured(b), resamples=400, seed=seed)
                for seed, (a, b) in enumerate(pairs)
            ]
            assert sum(one.p < 0.05 for one in found) <= 0.05 * len(found), (count, rate)


def test_a_recognition_interval_holds_the_figure_and_narrows() -> None:
    def outcomes(count: int) -> list[Outcome]:
        pictures = [imagined(f"wide {number}") for number in range(count)]
        return [
            said(recognition(f"{c}{n}", [c], image, n % 2 == int(c)), "yes" if n % 3 else "no")
            for n, image in enumerate(pictures)
            for c in "01"
        ]

    wide, narrow = (bootstrap(recognition_f1(outcomes(count)), resamples=400) for count in (12, 96))
    assert wide.low < wide.value < wide.high
    assert narrow.low < narrow.value < narrow.high
    assert narrow.high - narrow.low < wide.high - wide.low


def test_nothing_but_right_answers_are_not_certain() -> None:
    assert bootstrap(accuracy(rates([True] * 12))) == wilson(12, 12)
    assert bootstrap(accuracy(rates([False] * 5))) == wilson(0, 5)
