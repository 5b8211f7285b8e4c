"""The contract of one tier, and what its entries are called."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Label", "SegmentTier", "TierReport"]


@dataclass(frozen=True, slots=True)
class Label:
    """Names a segment without telling anything: HMACs under the owner's key, 32 hex digits each.

    Attributes:
        owner: whose.
        concept: of which concept.
        name: as the concept was then, under which fingerprint.
    """

    owner: str
    concept: str
    name: str


@dataclass(frozen=True, slots=True)
class TierReport:
    """What a tier has done since it was opened.

    Attributes:
        name: of the tier.
        hits, misses: how often it was asked.
        kept, refused: how often it was given something.
        failed: how often it could not be used.
        nbytes: of what is there; None where others know that.
    """

    name: str
    hits: int
    misses: int
    kept: int
    refused: int
    failed: int
    nbytes: int | None


class SegmentTier(Protocol):
    """Keeps bytes for as long as they are worth their room. Threads share it.

    A tier that cannot be used has nothing and takes nothing; but deleting raises StoreError if something may
    be left that somebody can still read.
    """

    @property
    def name(self) -> str:
        """Such as ``"ram"``."""

    @property
    def outside(self) -> bool:
        """Whether bytes leave the process, so that they have to be encrypted first."""

    def get(self, label: Label, uses: float) -> bytes | None:
        """What is kept, or None. ``uses`` is how often the concept was used lately."""

    def put(self, label: Label, data: bytes, cost: float, uses: float) -> bool:
        """Keep it, if it is worth more than what would have to leave.

        Args:
            label: its name.
            data: the bytes.
            cost: seconds that finding it here saves.
            uses: how often the concept was used lately.
        """

    def delete(self, owner: str, concept: str | None = None, name: str | None = None) -> int:
        """Delete what is there of an owner, of a concept, or one entry of it; returns how many entries."""

    def keep_only(self, owner: str, concepts: Collection[str]) -> int:
        """Delete what is there of other concepts of this owner; returns how many entries."""

    def report(self) -> TierReport:
        """What it has done so far."""

    def close(self) -> None:
        """Let go of files and connections."""
