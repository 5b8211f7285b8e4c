"""R11: a home of very many concepts in little memory, and what is left when there is none."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

from .base import Base, scratch
from .full_disk import judge_refusals
from .many import crowded, named
from .no_memory import WAYS, starve
from .report import Report
from .state import draw

__all__ = ["budget"]

_MOST = 200e6
_CROWDS = {"one": 1, "many": 1000}
_STAGES = (("open", "name", "photo", "usage", "sweep", "list", "vectors"), ("memory", "recall"))
# What must do with little. Whoever asks for all of an owner's concepts gets all of them.
_BARRED = ("open", "name", "photo", "usage", "sweep", "memory")
_SHARE = 100


def budget(rounds: int, seed: int, only: str = "") -> Report:
    """Open a home of ``rounds`` concepts, of one owner and of a thousand, each in a process of its own.

    At most 200 MB over the bare imports may be taken until something is asked for that is large itself; what
    lists and searches take is told. Then, once for a hundred concepts, memory runs out in an operation.
    ``only`` is ``one``, ``many``, or a way in which memory runs out.
    """
    report = Report("R11", seed, again=rounds)
    for crowd, owners in _CROWDS.items():
        if only in ("", crowd):
            for what in _opened(crowd, rounds, min(owners, rounds), report):
                report.violate(what, only=crowd)
    ways = [way for way in WAYS if only in ("", way)]
    with scratch() as folder:
        base = Base.make(folder / "base")
        for number in range(seed, seed + (rounds // _SHARE if ways else 0)):
            way = ways[number % len(ways)]
            rng = random.Random(f"R11/{number}")
            home, plan = base.copy(folder / "home"), list(draw(rng, "x", 12))
            outcome = starve(home, plan, way, rng)
            report.rounds += 1
            report.count(f"rounds {way}")
            report.count("out of memory", sum("MemoryError" in text for _, text in outcome.refused))
            wrong, _ = judge_refusals(home, base.state, plan, outcome, report)
            if outcome.killed:
                wrong.append("ended by a signal")
            report.again = _SHARE
            for what in wrong + base.wrong(home):
                report.violate(f"{way}: {what}", seed=number, only=way)
    return report


def _opened(crowd: str, concepts: int, owners: int, report: Report) -> list[str]:
    if not Path("/proc/self/clear_refs").exists():
        report.figures[crowd] = "skipped: the kernel does not tell how much memory a process takes"
        return []
    home = crowded(concepts, owners)
    report.rounds += 1
    report.figures[f"{crowd}: catalogue MB"] = round((home / "catalogue.sqlite").stat().st_size / 1e6, 1)
    wrong = []
    for stages in _STAGES:
        command = [sys.executable, "-m", "benchmarks.faults.opening", str(home), "owner-0", named(0), *stages]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            return [f"{crowd}: {done.stderr[-400:]}"]
        for stage, taken in json.loads(done.stdout.splitlines()[-1]).items():
            report.figures[f"{crowd}: {stage} MB"] = round(taken["most"] / 1e6, 1)
            report.figures[f"{crowd}: {stage} s"] = round(taken["seconds"], 2)
            if stage in _BARRED and taken["most"] > _MOST:
                wrong.append(f"{crowd}: after {stage} {taken['most'] / 1e6:.0f} MB over the bare imports")
    return wrong
