"""R3: the power is cut: whatever was not synced is gone."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import struct
import subprocess
import time
from pathlib import Path

from .base import OWNER, Base, scratch
from .random_kills import judge
from .report import Report
from .state import draw
from .victim import Outcome, Victim

__all__ = ["power_cuts"]

_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = struct.pack("I", 2)
_SIZE = 256 << 20


def power_cuts(rounds: int, seed: int, only: str = "") -> Report:
    """Write into a home on a file system of its own (ext4 on a loop device) and shut that down at once.

    ``FS_IOC_SHUTDOWN`` without a flush drops all that was not synced. One round in four goes on for 6 to
    16 s, in which the kernel writes back by itself, in its own order.
    """
    report = Report("R3", seed)
    with scratch() as folder:
        image, point = folder / "image", folder / "mounted"
        point.mkdir()
        try:
            _run("truncate", "-s", str(_SIZE), str(image))
            _run("mkfs.ext4", "-q", "-F", str(image))
            _run("mount", "-o", "loop", str(image), str(point))
            _unmount(point)
        except (OSError, subprocess.CalledProcessError) as error:
            report.skipped = f"no loop device can be made and mounted here ({error})"
            return report
        base = Base.make(folder / "base")
        for number in range(seed, seed + rounds):
            for wrong in _cut(base, image, point, number, report):
                report.violate(wrong, seed=number)
    return report


def _cut(base: Base, image: Path, point: Path, number: int, report: Report) -> list[str]:
    rng = random.Random(f"R3/{number}")
    long = number % 4 == 0
    report.rounds += 1
    report.count("after 6 to 16 s" if long else "after 0.2 to 1.2 s")
    plan = list(draw(rng, "p", 6000 if long else 1000))
    home = point / "home"
    _run("mount", "-o", "loop", str(image), str(point))
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(base.home, home)
    os.sync()
    victim = Victim(home, OWNER, plan)
    time.sleep(rng.uniform(6, 16) if long else rng.uniform(0.2, 1.2))
    handle = os.open(point, os.O_RDONLY)
    before = victim.so_far()
    fcntl.ioctl(handle, _SHUTDOWN, _NO_LOG_FLUSH)
    os.close(handle)
    victim.kill()
    outcome = victim.wait()
    _unmount(point)
    _run("mount", "-o", "loop", str(image), str(point))
    try:
        report.count("acknowledged", before)
        # What was told before the cut is there. The cut takes a moment, in which the file system says of a
        # sync that is under way that all is well: what was told meanwhile counts as going on. What is refused
        # after it was never acknowledged.
        told = [
            judge(home, base.state, [(plan, Outcome(tuple(range(count)), (), True))])
            for count in range(before, len(outcome.acknowledged) + 1)
        ]
        report.count("told during the cut", len(outcome.acknowledged) - before)
        return ([] if [] in told else told[0]) + base.wrong(home)
    finally:
        _unmount(point)


def _unmount(point: Path) -> None:
    for _ in range(50):
        done = subprocess.run(["umount", str(point)], capture_output=True, check=False)  # noqa: S603, S607
        if done.returncode == 0:
            return
        time.sleep(0.1)
    _run("umount", "-l", str(point))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
