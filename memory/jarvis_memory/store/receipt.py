"""What was destroyed when something was forgotten: numbers and ids, nothing of what it said."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal

from .holdings import NOTHING, Amount, Holdings
from .keys import digest

__all__ = ["AtHand", "Receipt", "Receipts"]

_KEPT = 256


@dataclass(frozen=True, slots=True)
class AtHand:
    """What was dropped from memory.

    Attributes:
        ram, gpu: segments.
        conversations: rows that were computed for earlier turns.
        pictures: of earlier questions.
        indexes: vectors that were searched.
    """

    ram: Amount = NOTHING
    gpu: Amount = NOTHING
    conversations: Amount = NOTHING
    pictures: Amount = NOTHING
    indexes: Amount = NOTHING


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof for whoever asked that something be forgotten; it is not signed.

    Attributes:
        kind: a concept, or an owner with all concepts, items, keys and the quota.
        owner: whose.
        concepts: their ids.
        destroyed: rows, files and their bytes in the home.
        sequence: all that was written up to this sequence number is in the counts.
        at: when, ISO 8601 in UTC.
        at_hand: what was dropped from memory, if it was forgotten by an open `PersonalMemory`.
    """

    kind: Literal["concept", "owner"]
    owner: str
    concepts: tuple[str, ...]
    destroyed: Holdings
    sequence: int
    at: str
    at_hand: AtHand | None = None

    @classmethod
    def of(
        cls, kind: Literal["concept", "owner"], owner: str, concepts: tuple[str, ...], held: Holdings
    ) -> Receipt:
        """A receipt for what was counted before it was destroyed just now."""
        return cls(
            kind, owner, concepts, held, held.sequence, datetime.now(UTC).isoformat(timespec="seconds")
        )

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all fields: whether a printed receipt is the one that was given."""
        return digest("jarvis/receipt", json.dumps(self._fields(), sort_keys=True)).hex()

    def as_json(self) -> dict[str, Any]:
        """All fields and the digest, of plain numbers, texts and lists."""
        return {**self._fields(), "digest": self.digest}

    def _fields(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "owner": self.owner,
            "concepts": list(self.concepts),
            "destroyed": _amounts(self.destroyed),
            "sequence": self.sequence,
            "at": self.at,
            "at_hand": None if self.at_hand is None else _amounts(self.at_hand),
        }


class Receipts:
    """The receipts of an open store, the last 256 of them. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: deque[Receipt] = deque(maxlen=_KEPT)

    def add(self, receipt: Receipt) -> Receipt:
        """Keep it; returns it."""
        with self._lock:
            self._all.append(receipt)
        return receipt

    def amend(self, concepts: tuple[str, ...], at_hand: AtHand) -> Receipt | None:
        """Write into the last receipt for these concepts what was dropped from memory; returns it."""
        with self._lock:
            for place in reversed(range(len(self._all))):
                if self._all[place].concepts == concepts:
                    self._all[place] = replace(self._all[place], at_hand=at_hand)
                    return self._all[place]
        return None

    def list(self) -> tuple[Receipt, ...]:
        """Oldest first."""
        with self._lock:
            return tuple(self._all)


def _amounts(value: Holdings | AtHand) -> dict[str, dict[str, int]]:
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: asdict(amount) for name, amount in found.items() if isinstance(amount, Amount)}
