"""R12: files that were made to do harm, each read in a process that may do nothing but read it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import scratch
from .report import Report

if TYPE_CHECKING:
    from .doors import Door

__all__ = ["hostile"]


def hostile(rounds: int, seed: int, only: str = "") -> Report:
    """Forge ``rounds`` files, of every kind in turn: bytes changed at random, and attacks by hand.

    Each is read within 256 MB over the imports and 2 s of the processor, by the code that reads it in
    earnest: with an error of the project or a result that is valid, without running anything, opening a
    connection or writing outside of its folder. ``only`` is a kind of file.
    """
    report = Report("R12", seed)
    if not Path("/proc/self/statm").exists():
        report.skipped = "the memory of a process cannot be limited here"
        return report
    command = [sys.executable, "-m", "benchmarks.faults.hostile", str(rounds), str(seed), only]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    slowest, largest = 0.0, 0
    for line in done.stdout.splitlines():
        said = json.loads(line)
        report.rounds += 1
        report.count(f"{said['door']}")
        report.count(said["outcome"])
        slowest, largest = max(slowest, said["seconds"]), max(largest, said["nbytes"])
        if said["outcome"] == "wrong":
            text = f"{said['door']}, {said['how']}: {said['why']}"
            report.violate(text, seed=said["seed"], only=said["door"])
    report.figures |= {"slowest s": round(slowest, 2), "largest MB": round(largest / 1e6, 1)}
    if done.returncode or report.rounds != rounds:
        report.violate(f"{report.rounds} of {rounds} files were read: {done.stderr[-600:]}")
    return report


def _serve(rounds: int, seed: int, only: str) -> Iterator[dict[str, Any]]:
    """What comes of each file. In a process of its own, so that memory is counted from the bare imports."""
    from .cell import MEMORY, locked_up
    from .doors import doors

    with scratch() as folder:
        every = doors(folder)
        place = folder / "place"
        # What is loaded when it is first needed is loaded now.
        for door in every.values():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            door.valid(place)
            door.read(place)
        for number in range(seed, seed + rounds):
            name = only or [*every][number % len(every)]
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            how = _forged(every[name], place, random.Random(f"R12/{name}/{number}"))
            told = locked_up(place, partial(every[name].read, place))
            outcome, why = told.outcome, told.why
            if outcome == "read" and told.nbytes > MEMORY:
                outcome, why = "wrong", f"took {told.nbytes / 2**20:.0f} MB"
            if how.startswith("schema") and outcome == "read":
                outcome, why = "wrong", "a schema that is not the store's own was taken"
            yield {
                "door": name,
                "seed": number,
                "how": how,
                "outcome": outcome,
                "why": why,
                "seconds": told.seconds,
                "nbytes": told.nbytes,
            }


def _forged(door: Door, place: Path, rng: random.Random) -> str:
    """Forge in a fork: what large pictures leave free in this process would be a gift to who reads them."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write, door.forge(place, rng).encode(errors="replace"))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        how = file.read().decode()
    os.waitpid(pid, 0)
    return how


if __name__ == "__main__":
    for told in _serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]):
        print(json.dumps(told), flush=True)
