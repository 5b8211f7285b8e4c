"""The kinds of faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .damage import flips, truncations
from .full_disk import full_disk
from .io_errors import io_errors
from .kill_points import kill_points
from .random_kills import random_kills
from .report import Report

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes:
        run: takes rounds (0: as many as there are), seed, and the name of one point.
        rounds: how many `make bench-faults` does.
        what: in a few words.
    """

    run: Callable[[int, int, str], Report]
    rounds: int
    what: str


KINDS = {
    "R1": Kind(kill_points, 0, "kill at every durable system call"),
    "R2": Kind(random_kills, 250, "kill -9 at random, four writers"),
    "R4": Kind(io_errors, 0, "the disk fails (EIO)"),
    "R5": Kind(full_disk, 300, "disk full"),
    "R6": Kind(truncations, 200, "files cut off"),
    "R7": Kind(flips, 1000, "bits that flip"),
}
