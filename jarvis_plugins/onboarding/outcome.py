"""What became of one entry."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal

__all__ = ["Outcome", "Status", "refused"]

Status = Literal["remembered", "updated", "skipped", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the report.

    Attributes:
        place: where the entry stands, such as ``ana/Bo`` or ``part-0.parquet:17``.
        status: what was done.
        owner, name: of the entry, if they could be read.
        concept: id of the concept; empty if there is none.
        reason: why it was skipped or refused, or why its segment could not be made; one line.
        doubts: what `PersonalMemory.remember` would have warned of.
    """

    place: str
    status: Status
    owner: str = ""
    name: str = ""
    concept: str = ""
    reason: str = ""
    doubts: tuple[str, ...] = ()

    def to_json(self) -> str:
        """One line of ASCII, whatever a name holds; fields that are empty are left out."""
        return json.dumps({key: value for key, value in dataclasses.asdict(self).items() if value})


def refused(place: str, reason: object, owner: str = "", name: str = "") -> Outcome:
    """What cannot be used, and why, on one line."""
    return Outcome(place, "refused", owner, name, reason=" ".join(str(reason).split()))
