"""R15: homes of other formats: a newer one is refused and left alone, an older one is brought up to date."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.cipher import PLAIN
from jarvis_memory.store.rows import insert
from jarvis_memory.store.schema import FORMAT_VERSION
from jarvis_retrievers.errors import HomeFormatError

from .base import OWNER, Base, scratch
from .drawn import drawn
from .kill_points import patched
from .report import Report
from .state import State, differences, observe
from .strace import DURABLE, Strace, strace_works
from .victim import Outcome, Victim

__all__ = ["formats"]

_LEGACY = {"patches": "patch", "profiles": "profile"}


def formats(rounds: int, seed: int, only: str = "") -> Report:
    """Opens a home of each format; the migration of an old one is killed at every durable call.

    ``rounds`` > 0 looks at that many points of each; ``only`` is ``format:call:number``.
    """
    report = Report("R15", seed)
    with scratch() as folder:
        base = Base.make(folder / "base")
        for newer in (FORMAT_VERSION + 1, FORMAT_VERSION + 100):
            home = base.copy(folder / "home")
            _number(home, newer)
            before = {p.name: p.read_bytes() for p in home.rglob("*") if p.is_file()}
            try:
                OwnerStore.open(home, OWNER).close()
                report.violate(f"a home of format {newer} was opened")
            except HomeFormatError:
                report.count("newer refused")
            if before != {p.name: p.read_bytes() for p in home.rglob("*") if p.is_file()}:
                report.violate(f"a home of format {newer} was changed")
        for older in range(1, FORMAT_VERSION):
            if only and only.split(":")[0] != str(older):
                continue
            _migrate(base, folder, older, rounds, only, report)
    return report


def _migrate(base: Base, folder: Path, older: int, most: int, only: str, report: Report) -> None:
    old = base.copy(folder / "old")
    state = _age(old, base.state, older)
    aged = Base(old, state, base.others)
    home, done = folder / "home", 0
    for call in DURABLE if strace_works() else ("patched",):
        for number in itertools.count(1):
            point = f"{older}:{call}:{number}"
            if most and done >= most and not only:
                return
            outcome = _open(aged.copy(home), call, number)
            if not outcome.killed:
                break
            if only and point != only:
                continue
            done += 1
            report.rounds += 1
            found, wrong = observe(home, OWNER, [state])
            if found != state:
                wrong.append(differences(found, state))
            for what in wrong + aged.wrong(home):
                report.violate(f"{point}: {what}", only=point)
    report.count(f"points of format {older}", done)


def _open(home: Path, call: str, number: int) -> Outcome:
    if call == "patched":
        return Victim(home, OWNER, [], arm=patched(number)).wait()
    victim = Victim(home, OWNER, [], waits=True)
    with Strace(victim.pid, f"{call}:signal=KILL:when={number}"):
        victim.go()
        return victim.wait()


def _number(home: Path, version: int) -> None:
    with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as catalogue:
        catalogue.execute("UPDATE meta SET value = ? WHERE key = 'format'", (version,))
        catalogue.execute(f"PRAGMA user_version = {version}")


def _age(home: Path, state: State, version: int) -> State:
    """Make a home what it was in an older format; returns what is then in it."""
    with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as catalogue:
        width = 2 * (drawn("Bo", (1,)).dim or 1)
        rows = catalogue.execute("SELECT id, owner, concept, kind, data FROM vectors").fetchall()
        catalogue.execute("DELETE FROM vectors")
        for first, owner, concept, kind, data in rows:
            for number in range(len(data) // width):
                one = np.frombuffer(data, np.uint8)[number * width : (number + 1) * width].tobytes()
                insert(catalogue, "vectors", (first + number, owner, concept, _LEGACY[kind], one), PLAIN)
        catalogue.execute("DROP TABLE rolls")
        if version == 1:
            catalogue.execute("DROP TABLE settings")
            state = {key: value for key, value in state.items() if not key.startswith("setting ")}
    _number(home, version)
    return state
