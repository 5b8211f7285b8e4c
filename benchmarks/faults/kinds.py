"""The kinds of faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .budget import budget
from .clocks import clocks
from .crowds import writers
from .damage import flips, truncations
from .formats import formats
from .full_disk import full_disk
from .hostile import hostile
from .io_errors import io_errors
from .kill_points import kill_points
from .limits import limits
from .owners import owners
from .power_cuts import power_cuts
from .random_kills import random_kills
from .reading import readers
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
    "R3": Kind(power_cuts, 60, "power cut"),
    "R4": Kind(io_errors, 0, "the disk fails (EIO)"),
    "R5": Kind(full_disk, 300, "disk full"),
    "R6": Kind(truncations, 200, "files cut off"),
    "R7": Kind(flips, 1000, "bits that flip"),
    "R8": Kind(writers, 1000, "eight writers"),
    "R9": Kind(readers, 100_000, "reading while others write"),
    "R10": Kind(clocks, 100, "a clock that jumps"),
    "R11": Kind(budget, 100_000, "very many concepts, and no memory"),
    "R12": Kind(hostile, 1000, "hostile files"),
    "R13": Kind(owners, 1000, "a hundred owners, each of whom sees their own"),
    "R14": Kind(limits, 200, "too few files, no permission"),
    "R15": Kind(formats, 0, "other formats"),
}
