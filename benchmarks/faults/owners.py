"""R13: many owners in one home, each of whom must see what is theirs and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

from .base import scratch
from .neighbours import Neighbours
from .report import Report
from .turns import ACTIONS

__all__ = ["owners"]

_OWNERS = 100
_LOOK = 50
# Forgetting writes the whole file anew; it is done less often, or nothing else would be.
_RARE = {"forget": 2, "leave": 0.2, "reopen": 1, "trespass": 4, "item": 3}
_USUAL = 10.0
_MINDS = 4
# A question to the model takes as long as some hundred reads of the store.
_SLOWER = 10


def owners(rounds: int, seed: int, only: str = "") -> Report:
    """A hundred owners do ``rounds`` random things each, through two handles of one home.

    Each has a marker in every kind of data. Whatever a call returns, an error's message included, must hold
    nobody else's; what an owner has must be what a plain dict says. Then four owners with memories in one
    process do the same with the shipped models, a tenth as often. ``only`` is ``store`` or ``memory``.
    """
    report = Report("R13", seed, figures={"leaks": 0.0})
    with scratch() as folder:
        for part, run in {"store": _stores, "memory": _memories}.items():
            if only in ("", part):
                report.again = rounds
                for what in run(folder / part, rounds, seed, report):
                    report.count("leaks", "with what is of" in what)
                    report.violate(what, only=part)
    return report


def _stores(home: Path, rounds: int, seed: int, report: Report) -> list[str]:
    names = [*ACTIONS]
    weights = [_RARE.get(name, _USUAL) for name in names]
    rng = random.Random(f"R13/{seed}")
    neighbours = Neighbours(home, seed, _OWNERS)
    for number in range(_OWNERS * rounds):
        owner, handle = rng.randrange(_OWNERS), rng.randrange(2)
        (action,) = rng.choices(names, weights)
        wrong = neighbours.do(action, owner, handle, rng.randrange(1 << 40))
        if number % _LOOK == 0:
            wrong += neighbours.look(owner, 1 - handle)
        report.rounds += 1
        report.count(action)
        if wrong:
            # What was done until then is the same with fewer rounds.
            report.again = number // _OWNERS + 1
            break
    else:
        wrong = [what for owner in range(_OWNERS) for what in neighbours.look(owner)]
    neighbours.close()
    return wrong


def _memories(home: Path, rounds: int, seed: int, report: Report) -> list[str]:
    from .minds import DEEDS, Minds  # torch, which forks of the other kinds do without

    rng = random.Random(f"R13/memory/{seed}")
    minds = Minds(home, seed, _MINDS)
    wrong: list[str] = []
    for _ in range(_MINDS * max(rounds // _SLOWER, 2)):
        (deed,) = rng.choices([*DEEDS], (5, 1, 4, 4, 1))
        wrong += minds.do(deed, rng.randrange(_MINDS), rng.randrange(1 << 40))
        report.rounds += 1
        report.count(f"{deed} in memory")
        if wrong:
            break
    minds.close()
    return wrong
