"""So many at once, and as many again in a minute."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from jarvis_plugins.serving.rate import Rate


def test_an_owner_and_an_address_have_so_many() -> None:
    now = 0.0
    rate = Rate(3, lambda: now)
    assert [rate.take("ana", "x") for _ in range(3)] == [0, 0, 0]
    assert rate.take("ana", "y") == 20
    assert rate.take("bo", "x") == 20
    assert rate.take("bo", "y") == 0
    now = 20.0
    assert rate.take("ana", "x") == 0
    assert rate.take("ana", "x") == 20
    now = 1000.0
    assert [rate.take("ana", "x") for _ in range(4)] == [0, 0, 0, 20]


@given(st.integers(1, 20), st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 90)), max_size=60))
def test_never_more_than_that(most: int, asked: list[tuple[str, int]]) -> None:
    now, taken = 0.0, []
    rate = Rate(most, lambda: now)
    for owner, pause in asked:
        now += pause
        wait = rate.take(owner, "x")
        if wait == 0:
            taken.append(now)
        else:
            # What it says is true: a moment before it is too soon, then it is not.
            now += wait - 1e-6
            assert rate.take(owner, "x") > 0
            now += 2e-6
            assert rate.take(owner, "x") == 0
            taken.append(now)
    for start in taken:
        assert sum(start <= moment < start + 60 for moment in taken) <= 2 * most


def test_it_does_not_grow() -> None:
    rate = Rate(1, lambda: 0.0)
    for number in range(30_000):
        assert rate.take(f"owner {number}", f"address {number}") == 0
    # The oldest are forgotten, the newest are not.
    assert math.isclose(rate.take("owner 29999", "new"), 60)
    assert rate.take("owner 0", "another") == 0
