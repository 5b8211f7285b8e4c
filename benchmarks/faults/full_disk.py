"""R5: the disk is full: what was there can be read, nothing half is left, and forgetting still works."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .base import OWNER, Base, scratch
from .operation import Operation
from .report import Report
from .state import State, after, draw, observe
from .strace import Strace, strace_works
from .victim import Outcome, Victim

__all__ = ["full_disk", "judge_refusals", "mounted"]

_SIZE = 4 << 20
_FORGET = (Operation("forget", "Mia"), Operation("forget", "Pip"))


def full_disk(rounds: int, seed: int, only: str = "") -> Report:
    """In turn: a small file system that is filled up, a limit on the size of files, and injected ENOSPC.

    ``only`` is ``tmpfs``, ``limit`` or ``injected``.
    """
    report = Report("R5", seed)
    ways: dict[str, Callable[[Base, Path, random.Random, Report], list[str]]] = {
        "tmpfs": _filled,
        "limit": _limited,
        "injected": _injected,
    }
    with scratch() as folder:
        can_mount = _can_mount(folder)
        for way, possible in (("tmpfs", can_mount), ("injected", strace_works())):
            if not possible:
                del ways[way]
                report.figures[way] = "skipped: may not be done here"
        base = Base.make(folder / "base")
        for number in range(seed, seed + rounds):
            way = only or list(ways)[number % len(ways)]
            report.rounds += 1
            report.count(f"rounds {way}")
            for wrong in ways[way](base, folder, random.Random(f"R5/{number}"), report):
                report.violate(f"{way}: {wrong}", seed=number, only=way)
    return report


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[Path]:
    """A file system in memory with room for ``size`` bytes."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)  # noqa: S603, S607
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)  # noqa: S603, S607


def _can_mount(folder: Path) -> bool:
    try:
        with mounted(folder / "trial", 1 << 20):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _filled(base: Base, folder: Path, rng: random.Random, report: Report) -> list[str]:
    """Fill the file system up to some bytes, go on until nothing fits, then take the last byte and forget."""
    with mounted(folder / "small", _SIZE) as small:
        home = small / "home"
        shutil.copytree(base.home, home)
        _fill(small / "filler", rng.choice((0, 4096, rng.randrange(1 << 17), rng.randrange(1 << 20))))
        plan = list(draw(rng, "x", 40))
        outcome = Victim(home, OWNER, plan).wait()
        wrong, state = judge_refusals(home, base.state, plan, outcome, report)
        _fill(small / "rest", 0)
        outcome = Victim(home, OWNER, _FORGET).wait()
        report.count("forgotten when full", len(outcome.acknowledged))
        if len(outcome.acknowledged) < len(_FORGET):
            wrong.append(f"not forgotten: {outcome.refused} {outcome.crash}")
        more, _ = judge_refusals(home, state, list(_FORGET), outcome, report)
        return wrong + more + base.wrong(home)


def _limited(base: Base, folder: Path, rng: random.Random, report: Report) -> list[str]:
    """No file may grow beyond some bytes; the same is tried again without the limit."""
    home = base.copy(folder / "home")
    most = rng.choice((rng.randrange(1, 1 << 13), rng.randrange(1, 1 << 18), rng.randrange(1, 1 << 19)))

    def arm() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    plan = list(draw(rng, "x", 30))
    wrong, _ = judge_refusals(home, base.state, plan, Victim(home, OWNER, plan, arm=arm).wait(), report)
    return wrong + base.wrong(home)


def _injected(base: Base, folder: Path, rng: random.Random, report: Report) -> list[str]:
    """From some write on, none has room."""
    home = base.copy(folder / "home")
    plan = list(draw(rng, "x", 10))
    victim = Victim(home, OWNER, plan, waits=True)
    call = rng.choice(("pwrite64", "write", "fsync", "ftruncate", "mkdir", "pwrite64,mkdir"))
    # The victim's own words go through write: from the second on it has no way to acknowledge.
    last = "" if call == "write" else "+"
    with Strace(victim.pid, f"{call}:error=ENOSPC:when={rng.randrange(1, 60)}{last}"):
        victim.go()
        outcome = victim.wait()
    if call == "write" and "No space left" in outcome.crash:
        outcome = Outcome(outcome.acknowledged, outcome.refused, outcome.killed)
    wrong, _ = judge_refusals(home, base.state, plan, outcome, report)
    return wrong + base.wrong(home)


def _fill(file: Path, leave: int) -> None:
    """Take all room of the file system but some bytes."""
    status = os.statvfs(file.parent)
    room = status.f_bavail * status.f_frsize - leave
    with file.open("wb", buffering=0) as handle:
        try:
            while room > 0:
                room -= handle.write(b"\0" * min(room, 1 << 16))
            while not leave:
                handle.write(b"\0")
        except OSError:
            return


def judge_refusals(
    home: Path, start: State, plan: list[Operation], outcome: Outcome, report: Report
) -> tuple[list[str], State]:
    """What is wrong, and what is there: acknowledged operations whole, each refused one whole or absent."""
    wrong = [outcome.crash] if outcome.crash else []
    refused = [number for number, _ in outcome.refused]
    report.count("acknowledged", len(outcome.acknowledged))
    report.count("refused", len(refused))
    wrong += [
        f"refused as damaged: {text}" for _, text in outcome.refused if "Corrupt" in text or "restore" in text
    ]
    # A refused operation may be there whole. Later ones on the same name were drawn as if it were.
    allowed: dict[str, set[str | None]] = {key: {value} for key, value in start.items()}
    every = [start]
    for number, operation in enumerate(plan):
        if (
            number not in outcome.acknowledged
            and number not in refused
            and number > len(outcome.acknowledged) + len(refused)
        ):
            break
        then = after({}, operation)
        keys = then.keys() | _touched(operation, allowed)
        for key in keys:
            sure = number in outcome.acknowledged
            allowed[key] = {then.get(key)} | (set() if sure else allowed.get(key, {None}))
        every.append(then)
    found, besides = observe(home, OWNER, every)
    for key in sorted(allowed.keys() | found.keys()):
        if found.get(key) not in allowed.get(key, {None}):
            wrong.append(f"{key} is neither as acknowledged nor as asked for: {found.get(key)}")
    return wrong + besides, found


def _touched(operation: Operation, allowed: dict[str, set[str | None]]) -> set[str]:
    """Keys that an operation may take away."""
    name = operation.name
    match operation.kind:
        case "remember" | "update" | "append":
            return {f"segment {name}"}
        case "forget":
            return {
                f"concept {name}",
                f"segment {name}",
                *(key for key in allowed if key.startswith("snapshot ")),
            }
        case "drop":
            return {f"item {name}"}
        case _:
            return set()
