"""R8: many processes write into one home."""

from __future__ import annotations

import random
import time

from .base import OWNER, Base, scratch
from .random_kills import judge
from .report import Report
from .state import draw
from .victim import Victim

__all__ = ["writers"]

_WRITERS = 8
# A visitor comes, and a writer opens the home once more, after so many operations.
_VISITS = 20


def writers(rounds: int, seed: int, only: str = "") -> Report:
    """Eight processes do ``rounds`` operations each, on concepts of their own; all must be acknowledged.

    Each opens the home a second time now and then, and others come and go: whoever leaves last folds the log
    into the catalogue, and none of those who stay may be taken for gone.
    """
    report = Report("R8", seed, again=rounds, rounds=_WRITERS * rounds, figures={"writers": float(_WRITERS)})
    with scratch() as folder:
        base = Base.make(folder / "base")
        home = base.copy(folder / "home")
        plans = [list(draw(random.Random(f"R8/{seed}/{n}"), f"w{n} ", rounds)) for n in range(_WRITERS)]
        began = time.perf_counter()
        victims = [Victim(home, OWNER, plan, beside=_VISITS) for plan in plans]
        visits = [Victim(home, OWNER, ()).wait() for _ in range(rounds // _VISITS)]
        outcomes = [victim.wait() for victim in victims]
        report.figures["operations per second"] = round(_WRITERS * rounds / (time.perf_counter() - began), 1)
        for visit in visits:
            if visit.refused or visit.crash:
                report.violate(f"a visitor could not open it: {visit.refused or visit.crash}")
        for plan, outcome in zip(plans, outcomes, strict=True):
            report.count("acknowledged", len(outcome.acknowledged))
            if len(outcome.acknowledged) != len(plan):
                report.violate(f"{len(plan) - len(outcome.acknowledged)} operations are not acknowledged")
        for wrong in judge(home, base.state, list(zip(plans, outcomes, strict=True))) + base.wrong(home):
            report.violate(wrong)
    return report
