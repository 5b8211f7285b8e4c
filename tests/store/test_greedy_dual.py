"""What stays in a limited room, against the best that is possible and against what was used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.cost_model import MONTH
from jarvis_memory.store.tiers.greedy_dual import GreedyDual
from jarvis_memory.store.tiers.meter import Meter
from jarvis_memory.store.tiers.use_counts import UseCounts
from jarvis_retrievers.errors import SettingError


class Thing(NamedTuple):
    size: int
    cost: float


def paid(things: Sequence[Thing], trace: Sequence[int], room: int) -> float:
    """Seconds that are not saved with GreedyDual."""
    order, counts, total = GreedyDual[int](room), [0] * len(things), 0.0
    for one in trace:
        counts[one] += 1
        if one in order:
            order.use(one, counts[one])
        else:
            total += things[one].cost
            order.put(one, *things[one], counts[one])
        assert order.nbytes == sum(things[kept].size for kept in order) <= room
    return total


def paid_least(things: Sequence[Thing], trace: Sequence[int], room: int) -> float:
    """The same for one who knows what comes: every set of things that could be kept, after every step."""
    best = {frozenset[int](): 0.0}
    for one in trace:
        after = dict[frozenset[int], float]()
        for kept, cost in best.items():
            here = cost if one in kept else cost + things[one].cost
            pool = kept | {one}
            for count in range(len(pool) + 1):
                for chosen in combinations(sorted(pool), count):
                    if sum(things[each].size for each in chosen) <= room:
                        key = frozenset(chosen)
                        after[key] = min(here, after.get(key, np.inf))
        best = after
    return min(best.values())


def paid_lru(things: Sequence[Thing], trace: Sequence[int], room: int) -> float:
    """The same for one who lets go of what was used longest ago."""
    kept, used, total = OrderedDict[int, int](), 0, 0.0
    for one in trace:
        if one in kept:
            kept.move_to_end(one)
            continue
        total += things[one].cost
        if things[one].size > room:
            continue
        while used + things[one].size > room:
            used -= kept.popitem(last=False)[1]
        kept[one] = things[one].size
        used += things[one].size
    return total


def drawn(seed: int, count: int, length: int, skew: float) -> tuple[list[Thing], list[int]]:
    chance = np.random.default_rng(seed)
    things = [Thing(int(chance.integers(1, 8)), float(chance.uniform(0.1, 10))) for _ in range(count)]
    weights = np.arange(1, count + 1) ** -skew
    return things, chance.choice(count, length, p=weights / weights.sum()).tolist()


def test_beside_the_best_that_is_possible() -> None:
    mine, theirs = list[float](), list[float]()
    for seed in range(40):
        things, trace = drawn(seed, 6, 40, 0.8)
        least = paid_least(things, trace, 10)
        mine.append(paid(things, trace, 10) / least)
        theirs.append(paid_lru(things, trace, 10) / least)
    assert min(*mine, *theirs) >= 1 - 1e-9
    assert np.mean(mine) < 1.45
    assert np.mean(mine) < 0.8 * np.mean(theirs)


@pytest.mark.parametrize("skew", [0.6, 0.9, 1.2])
def test_beside_what_was_used_last(skew: float) -> None:
    """Zipf traces of 500 things, a tenth of which fits: seconds saved, of those that could be."""
    for seed in range(3):
        things, trace = drawn(seed, 500, 20_000, skew)
        room = sum(thing.size for thing in things) // 10
        whole = sum(things[one].cost for one in trace)
        mine, theirs = (whole - how(things, trace, room) for how in (paid, paid_lru))
        assert mine > 1.1 * theirs
        # Nobody who does not know what comes does better than to keep what saves most for each byte.
        rates = np.bincount(trace, minlength=500) * [thing.cost / thing.size for thing in things]
        best, used = 0.0, 0
        for one in np.argsort(-rates):
            if used + things[one].size <= room:
                used += things[one].size
                best += rates[one] * things[one].size
        assert 0.7 * best < mine < 1.001 * best


def test_what_was_used_much_long_ago_goes() -> None:
    order = GreedyDual[str](2)
    for count in range(1, 30):
        order.put("old", 1, 1.0, count)
    for number in range(200):
        order.put(f"{number % 3}", 1, 1.0, 1 + number // 3)
    assert "old" not in order


def test_what_would_leave_first_does_not_come_in() -> None:
    order = GreedyDual[str](10)
    assert order.put("a", 6, 6.0, 1) == []
    assert order.put("b", 4, 8.0, 1) == []
    assert order.put("c", 10, 5.0, 1) is None
    assert set(order) == {"a", "b"}
    assert order.put("d", 5, 10.0, 1) == ["a"]
    assert order.put("e", 11, 99.0, 1) is None
    assert (order.nbytes, order.size("d"), order.size("a"), len(order)) == (9, 5, 0, 2)
    assert order.put("b", 5, 0.0, 1) == []  # in the place of its own
    assert (order.drop("b"), order.drop("b"), order.nbytes) == (5, 0, 5)


@settings(deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 12), st.floats(0, 10), st.integers(0, 3)), max_size=60
    ),
    room=st.integers(1, 20),
)
def test_bytes_never_pass_the_room(steps: list[tuple[int, int, float, int]], room: int) -> None:
    order, model = GreedyDual[int](room), dict[int, int]()
    for key, size, cost, what in steps:
        if what == 0:
            assert order.drop(key) == model.pop(key, 0)
        elif what == 1:
            order.use(key, cost)
        else:
            leaving = order.put(key, size, cost, 1.0)
            model.pop(key, None)
            if leaving is not None:
                assert len(leaving) == len(set(leaving))
                for gone in leaving:
                    del model[gone]
                model[key] = size
        assert {one: order.size(one) for one in order} == model
        assert order.nbytes == sum(model.values()) <= room


def test_counts_fade() -> None:
    now = [0.0]
    counts = UseCounts(half_life=10, most=4, clock=lambda: now[0])
    assert counts.use(("a", "x")) == 1
    now[0] = 10
    assert counts.count(("a", "x")) == pytest.approx(0.5)
    assert counts.use(("a", "x")) == pytest.approx(1.5)
    assert counts.months() == pytest.approx(10 / np.log(2) * 0.5 / MONTH)
    now[0] = 1e9
    # Uses at a steady rate: the count is the rate times what counts stand for.
    for _ in range(2000):
        now[0] += 0.5
        counts.use(("a", "y"))
    assert counts.count(("a", "y")) / counts.months() * 0.5 / MONTH == pytest.approx(1, rel=0.02)
    for number in range(4):
        counts.use(("b", str(number)))
    assert counts.count(("a", "x")) == 0
    assert counts.count(("a", "y")) > 1
    counts.forget("a", "y")
    assert counts.count(("a", "y")) == 0
    counts.forget("b")
    assert counts.count(("b", "3")) == 0
    with pytest.raises(SettingError, match="half_life"):
        UseCounts(half_life=0)


def test_a_meter_against_least_squares() -> None:
    chance = np.random.default_rng(1)
    sizes, meter = chance.uniform(1e3, 1e7, 200), Meter(0.99)
    took = 0.004 + sizes / 2e8 + chance.normal(0, 5e-4, 200)
    assert meter.expected(1e6) is None
    for size, second in zip(sizes, took, strict=True):
        meter.add(size, second)
    weights = 0.99 ** np.arange(199, -1, -1)
    slope, latency = np.polyfit(sizes, took, 1, w=np.sqrt(weights))
    for size in (0.0, 1e6, 1e8):
        assert meter.expected(size) == pytest.approx(latency + slope * size, rel=1e-6)


def test_a_meter_never_promises_less_than_nothing() -> None:
    same, steep = Meter(), Meter()
    for _ in range(5):
        same.add(1000, 0.2)
    assert same.expected(10**9) == pytest.approx(0.2)
    for size, second in ((1000, 0.0), (2000, 0.1), (3000, 0.4)):
        steep.add(size, second)
    assert steep.expected(0) == 0
    falling = Meter()
    for size, second in ((1000, 0.4), (2000, 0.1), (3000, 0.0)):
        falling.add(size, second)
    assert 0 < (falling.expected(10**9) or 0) < 0.4
