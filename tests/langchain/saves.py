"""Kills a process at every durable step of a save, and checks what the next one loads.

usage: saves.py FOLDER
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from jarvis_plugins.common.row import Row
from jarvis_plugins.common.snapshot import Snapshot, read_snapshot, write_snapshot


def snapshot(count: int) -> Snapshot:
    rows = [Row.of(str(n), f"text {n}", {"n": n}) for n in range(count)]
    return Snapshot(rows, np.eye(count, 4, dtype=np.float32), "maker")


def state(folder: Path) -> object:
    found = read_snapshot(folder)
    return list(found.rows), found.vectors.tolist(), found.embedding


def arm(point: int) -> None:
    """Kill this process just before its durable step number ``point``."""
    count = itertools.count(1)

    def armed(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            if next(count) == point:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return call

    for name in ("fsync", "replace", "rename", "unlink", "rmdir", "mkdir", "open"):
        setattr(os, name, armed(getattr(os, name)))


def main(folder: Path) -> None:
    base, place = folder / "base", folder / "place"
    write_snapshot(base, snapshot(2))
    before = state(base)
    shutil.copytree(base, place)
    write_snapshot(place, snapshot(3))
    after = state(place)
    kept = {"before": 0, "after": 0}
    for point in itertools.count(1):
        shutil.rmtree(place)
        shutil.copytree(base, place)
        child = os.fork()
        if child == 0:
            arm(point)
            write_snapshot(place, snapshot(3))
            (folder / f"acknowledged-{point}").touch()
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        found = state(place)
        if found != after and (found != before or (folder / f"acknowledged-{point}").exists()):
            sys.exit(f"point {point}: neither the old store nor the new one")
        kept["after" if found == after else "before"] += 1
        write_snapshot(place, snapshot(4))  # what was left is in nobody's way
        if len(read_snapshot(place).rows) != 4:
            sys.exit(f"point {point}: the next save is lost")
        if not killed:
            print(point, kept["before"], kept["after"])  # noqa: T201
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
