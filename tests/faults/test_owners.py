"""Owners in one home, found apart by a machine that may do anything (R13)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from benchmarks.faults.marked import Mark, foreign
from benchmarks.faults.neighbours import Neighbours
from benchmarks.faults.turns import ACTIONS
from jarvis_memory.store import OwnerStore, SQLiteCatalogue

OWNERS = 3


class Home(RuleBasedStateMachine):
    """Any order of anything that three owners can do through two handles each."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.home = self.neighbours(Path(self.folder.name))

    def neighbours(self, folder: Path) -> Neighbours:
        return Neighbours(folder / "home", 1, OWNERS)

    @rule(
        action=st.sampled_from([*ACTIONS]),
        owner=st.integers(0, OWNERS - 1),
        handle=st.integers(0, 1),
        seed=st.integers(0, 2**40),
    )
    def act(self, action: str, owner: int, handle: int, seed: int) -> None:
        assert self.home.do(action, owner, handle, seed) == []

    @invariant()
    def everybody_has_their_own(self) -> None:
        assert [what for owner in range(OWNERS) for what in self.home.look(owner)] == []

    def teardown(self) -> None:
        self.home.close()
        self.folder.cleanup()


def test_no_order_of_operations_shows_one_owner_what_another_has() -> None:
    few = settings(
        max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=[*HealthCheck]
    )
    run_state_machine_as_test(Home, settings=few)


@pytest.fixture
def home(tmp_path: Path) -> Neighbours:
    """Two owners with a concept each."""
    home = Neighbours(tmp_path / "home", 1, 2)
    for owner in range(2):
        while not home.owned[owner].concepts:
            assert home.do("remember", owner, 0, 5) == []
    return home


def test_a_marker_is_found_in_every_kind_of_data() -> None:
    mine, theirs = Mark.of(1, 1), Mark.of(2, 1)
    draft = theirs.draft("Bo", 3)
    for one in (theirs.data(1), theirs.vectors(1, 2), {"by": theirs.text}, draft.rows("x", "y", ()).concept):
        assert foreign(mine, [one]) == [f"{type(one).__name__} with what is of owner 2"]
        assert foreign(theirs, [one]) == []
    assert foreign(mine, [None, 3, np.zeros((0, 0))]) == []


Broken = Callable[..., object]


@pytest.mark.parametrize(("method", "action"), [("concept", "trespass"), ("vectors", "search")])
def test_a_wall_with_a_hole_is_seen(
    home: Neighbours, monkeypatch: pytest.MonkeyPatch, method: str, action: str
) -> None:
    sound: Broken = getattr(SQLiteCatalogue, method)

    def broken(catalogue: SQLiteCatalogue, owner: str, *more: object) -> object:
        return sound(catalogue, owner, *more) or sound(catalogue, "owner-1", *more)

    def everybody(catalogue: SQLiteCatalogue, owner: str, *more: object) -> object:
        return sound(catalogue, "owner-1", *more)

    monkeypatch.setattr(SQLiteCatalogue, method, everybody if method == "vectors" else broken)
    assert home.do(action, 0, 0, 5)


def test_what_is_done_behind_the_back_is_seen(home: Neighbours, tmp_path: Path) -> None:
    assert home.look(0) == []
    kept = next(iter(home.owned[0].concepts.values()))
    with OwnerStore.open(tmp_path / "home", "owner-0") as store:
        store.put_segment(kept.id, "faults", b"nobody's")
        assert "the segment of" in home.look(0)[0]
        store.drop_segments(kept.id)
        assert home.look(0) == []
        store.erase(kept.id)
    assert "must have" in home.look(0)[0]
