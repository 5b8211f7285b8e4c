"""R1: a process is killed at every durable system call of every operation."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from jarvis_memory.store.backup import restore

from .base import OWNER, Base, scratch
from .operation import Operation
from .report import Report
from .state import State, after, differences, observe
from .strace import DURABLE, Strace, strace_works
from .victim import Outcome, Victim

__all__ = ["OPERATIONS", "kill_points", "patched"]

OPERATIONS = (
    Operation("remember", "Zoe", (21, 22)),
    Operation("update", "Bo", (23,)),
    Operation("append", "Mia", (2, 3, 24)),
    Operation("forget", "Mia"),
    Operation("segment", "Bo", (25,)),
    Operation("setting", "kept", (26,)),
    Operation("item", "tea", (27,)),
    Operation("drop", "tea"),
    Operation("snapshot", "index", (28,)),
    Operation("leave", OWNER),
    Operation("backup", "copy"),
)

# What changes the disk; what is in between is undone with its transaction.
_STATEMENTS = ("BEGIN IMMEDIATE", "DELETE FROM concepts", "COMMIT", "VACUUM", "PRAGMA wal_checkpoint")


def kill_points(rounds: int, seed: int, only: str = "") -> Report:
    """Kill at each point; ``rounds`` > 0 looks at that many of them, spread over all operations.

    ``only`` is ``operation:call:number``; without strace all calls are called ``patched``.
    """
    report = Report("R1", seed)
    report.figures["injection"] = "strace" if strace_works() else "patched"
    with scratch() as folder:
        base = Base.make(folder / "base")
        for operation in OPERATIONS:
            if only and only.split(":")[0] != operation.kind:
                continue
            most = -(-rounds // len(OPERATIONS)) if rounds > 0 and not only else 0
            for point, outcome in _points(base, folder / "home", operation, only, most):
                report.rounds += 1
                report.count(f"points of {operation.kind}")
                for wrong in _judge(base, folder / "home", operation, outcome, report):
                    report.violate(f"{point}: {wrong}", only=point)
    return report


def _points(
    base: Base, home: Path, operation: Operation, only: str, most: int
) -> Iterator[tuple[str, Outcome]]:
    calls = DURABLE if strace_works() else ("patched",)
    done = 0
    for call in calls:
        for number in itertools.count(1):
            point = f"{operation.kind}:{call}:{number}"
            if only and only != point:
                if not point.startswith(only.rsplit(":", 1)[0]) or number > int(only.rsplit(":", 1)[1]):
                    break
                continue
            if most and done >= most:
                return
            outcome = _kill(base.copy(home), operation, call, number)
            if not outcome.killed:
                break
            done += 1
            yield point, outcome


def _kill(home: Path, operation: Operation, call: str, number: int) -> Outcome:
    copy = home.with_name("copy")
    for left in (copy, *home.parent.glob(".copy.*")):
        shutil.rmtree(left, ignore_errors=True)
    if call == "patched":
        return Victim(home, OWNER, [operation], arm=patched(number), backup=copy).wait()
    victim = Victim(home, OWNER, [operation], waits=True, backup=copy)
    with Strace(victim.pid, f"{call}:signal=KILL:when={number}"):
        victim.go()
        return victim.wait()


def _judge(base: Base, home: Path, operation: Operation, outcome: Outcome, report: Report) -> list[str]:
    before, then = base.state, after(base.state, operation)
    found, wrong = observe(home, OWNER, [before, then])
    if outcome.crash or outcome.refused:
        wrong.append(f"it raised {outcome.crash or outcome.refused}")
    if found != then and (outcome.acknowledged or found != before):
        wrong.append(f"neither before ({differences(found, before)}) nor after ({differences(found, then)})")
    whole = found == then
    if operation.kind == "backup":
        whole = home.with_name("copy").exists()
        if whole:
            again = home.with_name("again")
            shutil.rmtree(again, ignore_errors=True)
            restore(home.with_name("copy"), again)
            copied, besides = observe(again, OWNER, [before])
            wrong += besides + ([] if copied == before else ["a backup that is there is not whole"])
        elif outcome.acknowledged:
            wrong.append("a backup is acknowledged and not there")
    report.count("whole" if whole else "absent")
    left = _left(home, before, then)
    if left and found == then:
        wrong.append(f"forgotten bytes are left in {left}")
    return wrong + base.wrong(home)


def _left(home: Path, before: State, then: State) -> list[str]:
    """Files with the marker of a concept that is gone."""
    markers = {"concept Bo": (1,), "concept Mia": (2, 3), "concept Pip": (4,)}
    gone = before.keys() - then.keys()
    words = [f"Marker{s:09d}".encode() for key, seeds in markers.items() if key in gone for s in seeds]
    return [
        path.name
        for path in home.rglob("*")
        if path.is_file() and words and any(word in path.read_bytes() for word in words)
    ]


def patched(point: int) -> Callable[[], None]:
    """Kill the process just before its durable step number ``point``, as far as Python sees such steps."""

    def arm() -> None:
        count = itertools.count(1)

        def step() -> None:
            if next(count) == point:
                os.kill(os.getpid(), signal.SIGKILL)

        def armed(function: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **options: object) -> object:
                step()
                return function(*arguments, **options)

            return call

        for name in ("fsync", "replace", "unlink", "mkdir"):
            setattr(os, name, armed(getattr(os, name)))

        class Connection(sqlite3.Connection):
            def execute(self, *arguments: object) -> sqlite3.Cursor:
                if str(arguments[0]).startswith(_STATEMENTS):
                    step()
                return super().execute(*arguments)  # type: ignore[arg-type]

        connect = sqlite3.connect
        sqlite3.connect = lambda *a, **o: connect(*a, **o, factory=Connection)  # type: ignore[assignment]

    return arm
