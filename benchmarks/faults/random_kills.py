"""R2: writers are killed at any moment, four at a time."""

from __future__ import annotations

import random
import time
from pathlib import Path

from .base import OWNER, Base, scratch
from .operation import Operation
from .report import Report
from .state import State, after, differences, draw, observe
from .victim import Outcome, Victim

__all__ = ["WRITERS", "judge", "random_kills", "union"]

WRITERS = 4
_LONGEST = 0.25
_OPERATIONS = 400


def random_kills(rounds: int, seed: int, only: str = "") -> Report:
    """In each round four processes write into one home until all are killed; a process is one kill."""
    report = Report("R2", seed, figures={"writers": float(WRITERS)})
    with scratch() as folder:
        base = Base.make(folder / "base")
        for number in range(seed, seed + rounds):
            rng = random.Random(f"R2/{number}")
            home = base.copy(folder / "home")
            plans = [list(draw(rng, f"w{writer} ", _OPERATIONS)) for writer in range(WRITERS)]
            victims = [Victim(home, OWNER, plan) for plan in plans]
            time.sleep(rng.uniform(0.01, _LONGEST))
            for victim in rng.sample(victims, WRITERS):
                victim.kill()
            outcomes = [victim.wait() for victim in victims]
            report.rounds += 1
            report.count("kills", sum(outcome.killed for outcome in outcomes))
            report.count("acknowledged", sum(len(outcome.acknowledged) for outcome in outcomes))
            began = time.perf_counter()
            wrong = judge(home, base.state, list(zip(plans, outcomes, strict=True)), report)
            slowest = max(
                float(report.figures.get("slowest look ms", 0)), (time.perf_counter() - began) * 1000
            )
            report.figures["slowest look ms"] = round(slowest, 1)
            for what in wrong + base.wrong(home):
                report.violate(what, seed=number)
    return report


def judge(
    home: Path, start: State, done: list[tuple[list[Operation], Outcome]], report: Report | None = None
) -> list[str]:
    """What is wrong after plans were carried out up to some point, each on names of its own.

    What a plan touches must be as after its acknowledged operations, or as after one more.
    """
    wrong: list[str] = []
    allowed: list[tuple[State, State]] = []
    for plan, outcome in done:
        count = len(outcome.acknowledged)
        state: State = {}
        for operation in plan[:count]:
            state = after(state, operation)
        allowed.append((state, after(state, plan[count]) if count < len(plan) else state))
        if outcome.crash or outcome.refused:
            wrong.append(f"raised {outcome.crash or outcome.refused}")
    kept = {key: value for key, value in start.items() if not key.startswith("snapshot ")}
    found, besides = observe(home, OWNER, [start, *(state for pair in allowed for state in pair)])
    found = {key: value for key, value in found.items() if not key.startswith("snapshot ")}
    wanted = dict(kept)
    for before, then in allowed:
        part = {key: value for key, value in found.items() if key in before.keys() | then.keys()}
        if report is not None:
            report.count("one more" if part == then != before else "acknowledged only")
        wanted |= then if part == then else before
    text = differences(found, wanted)
    return wrong + besides + ([text] if text else [])


def union(start: State, plans: list[list[Operation]]) -> State:
    """The state after whole plans, each on names of its own."""
    state = start
    for plan in plans:
        for operation in plan:
            state = after(state, operation)
    return state
