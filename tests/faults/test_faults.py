"""A short share of every kind of fault; `make bench-faults` does all."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.faults.base import OWNER, Base
from benchmarks.faults.kinds import KINDS
from benchmarks.faults.look import look
from benchmarks.faults.operation import Operation, perform
from benchmarks.faults.random_kills import judge
from benchmarks.faults.report import Report
from benchmarks.faults.state import State, after, differences, draw, observe
from benchmarks.faults.victim import Outcome, Victim
from jarvis_memory.store import OwnerStore

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

SHARE = {
    "R1": 11,
    "R2": 2,
    "R3": 1,
    "R4": 10,
    "R5": 3,
    "R6": 4,
    "R7": 4,
    "R8": 8,
    "R9": 100,
    "R10": 1,
    "R11": 2000,
    "R12": 36,
    "R13": 5,
    "R14": 4,
    "R15": 2,
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_nothing_acknowledged_is_lost(kind: str) -> None:
    report = KINDS[kind].run(SHARE[kind], 1, "")
    if report.skipped:
        pytest.skip(report.skipped)
    assert report.violations == []
    assert report.rounds >= SHARE[kind] / (100 if kind == "R11" else 1)  # it counts concepts


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return Base.make(tmp_path / "base")


def test_what_is_done_is_what_is_expected(base: Base) -> None:
    assert observe(base.home, OWNER, [base.state]) == (base.state, [])
    assert base.wrong(base.home) == []
    assert look(base.home, base.state) == ("intact", [])


def test_every_operation_is_foreseen(base: Base) -> None:
    state = base.state
    with OwnerStore.open(base.home, OWNER) as store:
        for operation in draw(random.Random(1), "t", 40):
            perform(store, operation)
            state = after(state, operation)
    assert observe(base.home, OWNER, [state]) == (state, [])
    with OwnerStore.open(base.home, OWNER) as store:
        perform(store, Operation("leave", OWNER))
    assert observe(base.home, OWNER, [state])[0] == after(state, Operation("leave", OWNER))


@pytest.mark.parametrize(
    ("behind", "told"),
    [
        (Operation("forget", "x1"), "lost concept x1"),
        (Operation("update", "x1", (77,)), "changed concept x1"),
        (Operation("remember", "x9", (78,)), "phantom concept x9"),
        (Operation("setting", "kept", (79,)), "changed setting kept"),
    ],
)
def test_the_oracle_sees_what_is_wrong(base: Base, behind: Operation, told: str) -> None:
    plan = [Operation("remember", "x1", (70,)), Operation("remember", "x2", (71,))]
    outcome = Victim(base.home, OWNER, plan).wait()
    assert outcome == Outcome((0, 1), (), False)
    assert judge(base.home, base.state, [(plan, outcome)]) == []
    with OwnerStore.open(base.home, OWNER) as store:
        perform(store, behind)
    assert judge(base.home, base.state, [(plan, outcome)]) == [told]


def test_one_more_operation_may_be_there_but_not_two(base: Base) -> None:
    plan = [Operation("remember", f"x{n}", (70 + n,)) for n in range(3)]
    Victim(base.home, OWNER, plan).wait()
    for count, wrong in (
        (3, []),
        (2, []),
        (1, ["phantom concept x2"]),
        (0, ["phantom concept x1, phantom concept x2"]),
    ):
        assert judge(base.home, base.state, [(plan, Outcome(tuple(range(count)), (), True))]) == wrong


def test_silent_damage_is_seen(base: Base) -> None:
    wrong: State = base.state | {"concept Bo": "0" * 16}
    assert look(base.home, wrong)[1] == ["concept Bo is told wrongly"]
    more: State = base.state | {"concept Nobody": "0" * 16}
    assert look(base.home, more)[1] == ["concept Nobody is lost silently"]
    assert differences(base.state, more) == "lost concept Nobody"


def test_a_victim_dies_of_its_fault(base: Base) -> None:
    plan = [Operation("setting", "a", (1,)), Operation("die", ""), Operation("setting", "b", (1,))]
    outcome = Victim(base.home, OWNER, plan).wait()
    assert outcome == Outcome((0,), (), True)


def test_the_line_that_does_it_again() -> None:
    report = Report("R2", 5)
    report.violate("lost", seed=7)
    report.violate("lost", only="a:b:1")
    first, second = report.violations
    assert first == "lost  [again: python -m benchmarks.faults --kind R2 --rounds 1 --seed 7]"
    assert second.endswith("--kind R2 --rounds 1 --seed 5 --only a:b:1]")


def test_the_command() -> None:
    import typer

    from benchmarks.faults.__main__ import main

    app = typer.Typer()
    app.command()(main)
    done = CliRunner().invoke(app, ["--kind", "R10", "--rounds", "1", "--seed", "3", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["kind"], said["rounds"], said["violations"]) == ("R10", 1, [])
    assert CliRunner().invoke(app, ["--kind", "R99"]).exit_code == 2
