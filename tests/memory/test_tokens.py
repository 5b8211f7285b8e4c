"""Which tokens are kept: against a brute-force reference."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jarvis_memory.selecting import (
    Selecting,
    Selector,
    even_tokens,
    middle_layers,
    strongest_tokens,
    token_budget,
)
from jarvis_memory.selecting.selection import Selection
from jarvis_retrievers.errors import CorruptRecordError, InputError, SettingError

few = st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 1.0]), min_size=1, max_size=9)


@given(few, st.data())
def test_the_strongest_are_the_best_of_all_sets(importance: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(importance)))
    found = strongest_tokens(importance, count)
    sets = list(itertools.combinations(range(len(importance)), count))
    best = max(sum(sorted(importance[i] for i in one)) for one in sets)
    # Of equal sets the one whose tokens come first.
    equal = [one for one in sets if sum(sorted(importance[i] for i in one)) == best]
    assert found == min(equal)


@given(st.integers(1, 40), st.floats(0, 100), st.integers(1, 400))
def test_a_budget_is_the_smaller_of_both(most: int, area: float, tokens: int) -> None:
    found = token_budget(most, area, tokens)
    assert 1 <= found <= min(most, tokens)
    wanted = min(most, area * tokens / 100)
    assert abs(found - wanted) <= 0.5 or found in (1, tokens)


def test_budgets_by_hand() -> None:
    assert token_budget(64, 25, 100) == 25
    assert token_budget(20, 25, 100) == 20
    assert token_budget(20, 0.1, 100) == 1
    assert token_budget(200, 100, 49) == 49


@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_even_tokens_are_spread(rows: int, columns: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, rows * columns))
    found = even_tokens(rows, columns, count)
    assert len(found) == count == len(set(found))
    assert list(found) == sorted(found)
    assert found[0] >= 0
    assert found[-1] < rows * columns
    by_row = [sum(token // columns == row for token in found) for row in range(rows)]
    used = [size for size in by_row if size]
    assert max(used) - min(used) <= 1
    if count == rows * columns:
        assert found == tuple(range(count))


def test_even_tokens_of_a_square() -> None:
    assert even_tokens(4, 4, 4) == (5, 7, 13, 15)
    assert even_tokens(5, 5, 1) == (12,)
    assert even_tokens(3, 3, 3) == (1, 6, 8)


@pytest.mark.parametrize("wrong", [(0, 50.0, 4), (4, -1.0, 4), (4, 101.0, 4), (4, 50.0, 0)])
def test_budgets_that_cannot_be(wrong: tuple[int, float, int]) -> None:
    with pytest.raises(InputError, match="budget"):
        token_budget(*wrong)


def test_counts_that_cannot_be() -> None:
    for count in (0, 4):
        with pytest.raises(InputError, match="of 3 tokens"):
            strongest_tokens([0.1, 0.2, 0.3], count)
        with pytest.raises(InputError, match="of 3 tokens"):
            even_tokens(1, 3, count)


def test_a_choice_and_its_words() -> None:
    assert Selecting.read(None) == Selecting()
    assert [Selecting.of(word).key for word in Selector] == ["", "attention", "full", "uniform"]
    chosen = Selecting.of("uniform", 7)
    assert (chosen.key, chosen.most(100), chosen.most(5)) == ("uniform-7", 7, 5)
    assert Selecting.read(chosen.model_dump_json()) == chosen
    # A fifth, as in Ego's ablation.
    assert [Selecting.of("attention").most(n) for n in (25, 100, 1)] == [5, 20, 1]
    with pytest.raises(SettingError, match="'ego'"):
        Selecting.of("ego")
    for word in ("patches", "full"):
        with pytest.raises(SettingError, match=word):
            Selecting.of(word, 5)
    with pytest.raises(SettingError, match="at least 1"):
        Selecting.of("uniform", 0)
    for text in ("{", '{"selector": "ego"}', '{"selector": "full", "more": 1}'):
        with pytest.raises(CorruptRecordError, match="--selector"):
            Selecting.read(text)


def test_layers_in_the_middle() -> None:
    assert [middle_layers(n) for n in (1, 2, 3, 4)] == [(0,), (0, 1), (1,), (1, 2)]
    assert middle_layers(28) == tuple(range(9, 19))


def test_a_selection_is_of_its_photo() -> None:
    known: dict[str, Any] = {"model": "print", "key": "full", "rows": 2, "columns": 2, "tokens": 5}
    assert Selection(**known, kept=None).count == 5
    assert Selection(**known, kept=(0, 4)).count == 2
    for kept in ((), (5,), (-1, 2), (2, 1), (1, 1)):
        with pytest.raises(ValueError, match="ascend"):
            Selection(**known, kept=kept)
    with pytest.raises(ValueError, match="3 x 2 places"):
        Selection(**(known | {"rows": 3}), kept=None)
