"""R10: the clock jumps while a home is written."""

from __future__ import annotations

import random
import time
from datetime import datetime, tzinfo
from pathlib import Path
from unittest.mock import patch

from jarvis_memory.store import OwnerStore, draft

from .base import OWNER, Base, scratch
from .operation import Operation, perform
from .report import Report
from .state import State, after, differences, observe

__all__ = ["clocks"]

_DAY = 86_400.0
_2038 = 2.0**31


def clocks(rounds: int, seed: int, only: str = "") -> Report:
    """Before each operation the clock jumps: days back, ten years on, across 19 January 2038, to 1970.

    Concepts must stand in the order in which they were remembered, and nothing may be gone.
    """
    report = Report("R10", seed)
    with scratch() as folder:
        base = Base.make(folder / "base")
        for number in range(seed, seed + rounds):
            report.rounds += 1
            for wrong in _round(base, base.copy(folder / "home"), random.Random(f"R10/{number}"), report):
                report.violate(wrong, seed=number)
    return report


def _round(base: Base, home: Path, rng: random.Random, report: Report) -> list[str]:
    real, offset = time.time, 0.0

    def now() -> float:
        return real() + offset

    class Skewed(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Skewed:
            return cls.fromtimestamp(now(), tz)

    state: State = base.state
    names = ["Bo", "Mia", "Pip"]
    with (
        patch.object(time, "time", now),
        patch.object(draft, "datetime", Skewed),
        OwnerStore.open(home, OWNER) as store,
    ):
        for number in range(12):
            offset = rng.choice(
                (-3 * _DAY, 3652 * _DAY, _2038 - real() - 1, _2038 - real() + 1, 0.0, 1 - real())
            )
            report.count("jumps")
            name = rng.choice([*names, f"t{number}", f"t{number}"])
            operation = Operation("update" if name in names else "remember", name, (rng.randrange(1 << 29),))
            perform(store, operation)
            state = after(state, operation)
            if name not in names:
                names.append(name)
            # An hour of grace is over at once, or never, by such a clock.
            store.sweep()
        order = [concept.name for concept in store.list()]
        numbers = [concept.created for concept in store.list()]
    wrong = [] if order == names and numbers == sorted(numbers) else [f"remembered {names}, told {order}"]
    found, besides = observe(home, OWNER, [state])
    text = differences(found, state)
    return wrong + besides + ([text] if text else []) + base.wrong(home)
