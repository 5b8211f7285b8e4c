"""R14: too many open files, no permission, a file system that may only be read."""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Callable
from pathlib import Path

from .base import OWNER, Base, scratch
from .full_disk import judge_refusals
from .report import Report
from .state import draw
from .victim import Victim

__all__ = ["limits"]

_NOBODY = 65534
_PARTS = (".", "blobs", "tmp", "catalogue.sqlite", "catalogue.sqlite-witness", "reserve")


def limits(rounds: int, seed: int, only: str = "") -> Report:
    """In turn few files may be open, and a part of the home may not be written or not be read.

    Each operation is acknowledged or refused with an error of the project, and what was there stays.
    ``only`` is ``files`` or ``permissions``.
    """
    report = Report("R14", seed)
    ways = ["files", "permissions"] if os.geteuid() == 0 else ["files"]
    if len(ways) == 1:
        report.figures["permissions"] = "skipped: another user can be had by root alone"
    with scratch() as folder:
        folder.chmod(0o755)
        base = Base.make(folder / "base")
        for number in range(seed, seed + rounds):
            rng = random.Random(f"R14/{number}")
            way = only or ways[number % len(ways)]
            home = base.copy(folder / "home")
            arm = _few_files(rng) if way == "files" else _nobody(home, rng)
            plan = list(draw(rng, "x", 12))
            outcome = Victim(home, OWNER, plan, arm=arm).wait()
            report.rounds += 1
            report.count(f"rounds {way}")
            for path in (home, *home.rglob("*")):
                os.chmod(path, 0o700 if path.is_dir() else 0o600)
            wrong, _ = judge_refusals(home, base.state, plan, outcome, report)
            for what in wrong + base.wrong(home):
                report.violate(f"{way}: {what}", seed=number, only=way)
    return report


def _few_files(rng: random.Random) -> Callable[[], None]:
    most = rng.randrange(3, 24)

    def arm() -> None:
        used = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(used - 4, 0) + most % 12, 64))

    return arm


def _nobody(home: Path, rng: random.Random) -> Callable[[], None]:
    """As a user who may do anything but to one part of the home."""
    for path in (home, *home.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY)
    part = home / rng.choice(_PARTS)
    os.chmod(part, rng.choice((0o000, 0o500 if part.is_dir() else 0o400)))

    def arm() -> None:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)

    return arm
