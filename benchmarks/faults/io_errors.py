"""R4: the disk says that it could not keep what was written."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from .base import OWNER, Base, scratch
from .kill_points import OPERATIONS
from .operation import Operation
from .report import Report
from .state import after, differences, observe
from .strace import Strace, strace_works
from .victim import Outcome, Victim

__all__ = ["io_errors"]

_CALLS = ("fsync", "fdatasync", "pwrite64")
# What stands there is made again, or may be old: see `Witness`.
_LOSABLE = ("-shm", "-witness")
_PROBE = Operation("setting", "probe", (1,))
_INJECTED = re.compile(r"\w+\(\d+<([^>]*)>.*\(INJECTED\)")


def io_errors(rounds: int, seed: int, only: str = "") -> Report:
    """Each call of each operation fails once with EIO; ``rounds`` > 0 looks at that many, spread over all.

    What follows an error that was told is refused too: after it nobody knows what is on the disk.
    """
    report = Report("R4", seed)
    if not strace_works():
        report.skipped = "strace is not there or may not trace"
        return report
    most = -(-rounds // len(OPERATIONS)) if rounds > 0 and not only else 0
    with scratch() as folder:
        base, home, log = Base.make(folder / "base"), folder / "home", folder / "log"
        for operation in (one for one in OPERATIONS if one.kind != "backup"):
            done = 0
            for call in _CALLS:
                for number in itertools.count(1):
                    point = f"{operation.kind}:{call}:{number}"
                    if (only and not _before(point, only)) or (most and done >= most):
                        break
                    if only and only != point:
                        continue
                    log.unlink(missing_ok=True)
                    outcome = _fail(base.copy(home), operation, f"{call}:error=EIO:when={number}", log)
                    lines = log.read_text(errors="replace").splitlines()
                    where = [n for n, line in enumerate(lines) if "(INJECTED)" in line]
                    if not where:
                        break
                    done += 1
                    report.rounds += 1
                    for wrong in _judge(base, home, operation, outcome, lines, where[0], report):
                        report.violate(f"{point}: {wrong}", only=point)
    return report


def _before(point: str, only: str) -> bool:
    kind, number = point.rsplit(":", 1)
    wanted, last = only.rsplit(":", 1)
    return kind == wanted and int(number) <= int(last)


def _fail(home: Path, operation: Operation, fault: str, log: Path) -> Outcome:
    victim = Victim(home, OWNER, [operation, _PROBE], waits=True)
    with Strace(victim.pid, fault, log):
        victim.go()
        return victim.wait()


def _judge(
    base: Base,
    home: Path,
    operation: Operation,
    outcome: Outcome,
    lines: list[str],
    failed: int,
    report: Report,
) -> list[str]:
    states = [base.state, after(base.state, operation)]
    # The probe stands behind both.
    states += [after(state, _PROBE) for state in states]
    found, wrong = observe(home, OWNER, states)
    acks = [n for n, line in enumerate(lines) if '"ack ' in line]
    match = _INJECTED.search(lines[failed])
    # A commit is durable in the -wal file: what fails on the way from there to the other file loses nothing.
    # Nor does SQLite's own fdatasync of the folder, which it does not look at: the store's fsync came first.
    folding = match is not None and (
        match[1].endswith(("catalogue.sqlite", *_LOSABLE))
        or (match[1] == str(home) and "fdatasync" in match[0])
    )
    told = [number for number, _ in outcome.refused]
    if outcome.crash:
        wrong.append(outcome.crash)
    if found not in states:
        wrong.append(
            f"neither before ({differences(found, states[0])}) nor after ({differences(found, states[1])})"
        )
    if outcome.acknowledged and (found not in states[1::2] if 0 in outcome.acknowledged else False):
        wrong.append("acknowledged, and lost")
    during = sum(n < failed for n in acks)
    if during in outcome.acknowledged and during < 2 and not folding and match is not None:
        wrong.append(f"operation {during} was acknowledged although {match[0][:80]} failed in it")
    if 0 in told and 1 in outcome.acknowledged:
        wrong.append("went on writing after the error")
    report.count("told" if told else "folding" if folding else "after the last")
    return wrong + base.wrong(home)
