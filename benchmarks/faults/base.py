"""A home with something of everything in it, to do harm to."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from jarvis_memory.store import OwnerStore

from .operation import Operation, perform
from .state import State, after, observe

__all__ = ["OTHER", "OWNER", "Base", "scratch"]

OWNER, OTHER = "ana", "ben"

_THERE = (
    Operation("remember", "Bo", (1,)),
    Operation("remember", "Mia", (2, 3)),
    Operation("remember", "Pip", (4,)),
    Operation("segment", "Bo", (5,)),
    Operation("segment", "Mia", (6,)),
    Operation("item", "tea", (7,)),
    Operation("item", "mug", (8,)),
    Operation("setting", "kept", (9,)),
    Operation("snapshot", "index", (10,)),
)
_OTHERS = (Operation("remember", "Bo", (11,)), Operation("segment", "Bo", (12,)))


@dataclass(frozen=True)
class Base:
    """A home that stays as it is; faults are done to copies.

    Attributes:
        home: its folder.
        state: what its owner `OWNER` has.
        others: what `OTHER` has, who does nothing.
    """

    home: Path
    state: State
    others: State

    @classmethod
    def make(cls, home: Path) -> Base:
        """Write it."""
        # Ids are random: the same ones each time, or a bit that flips would not be the same one in a replay.
        rng = random.Random("base")
        with (
            patch.object(secrets, "token_hex", lambda size: rng.randbytes(size).hex()),
            patch.object(secrets, "token_bytes", rng.randbytes),
        ):
            return cls._make(home)

    @classmethod
    def _make(cls, home: Path) -> Base:
        states = []
        for owner, operations in ((OWNER, _THERE), (OTHER, _OTHERS)):
            state: State = {}
            with OwnerStore.open(home, owner) as store:
                for operation in operations:
                    perform(store, operation)
                    state = after(state, operation)
            states.append(state)
        return cls(home, *states)

    def copy(self, home: Path) -> Path:
        """A copy of it in place of what is at ``home``."""
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.home, home)
        return home

    def wrong(self, home: Path) -> list[str]:
        """What is wrong with what `OTHER` has there."""
        found, wrong = observe(home, OTHER, [self.others])
        # Settings are the home's, and the other's operations change them.
        mine = {key: value for key, value in found.items() if not key.startswith("setting ")}
        return wrong + ([] if mine == self.others else ["another owner's memory has changed"])


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards; in memory if that can be: kills do not empty the page cache."""
    memory = Path("/dev/shm")  # noqa: S108
    roomy = memory.is_dir() and os.access(memory, os.W_OK)
    with tempfile.TemporaryDirectory(dir=memory if roomy else None, prefix="faults-") as folder:
        yield Path(folder)
