"""What to onboard into, and how; plain values, so that it can be sent to other processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Conflict", "Job"]


class Conflict(StrEnum):
    """What to do where the owner has a concept of this name already, and not from this content."""

    FAIL = "fail"
    SKIP = "skip"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Job:
    """Where concepts go.

    Attributes:
        home: a folder, or ``postgresql://...``.
        blobs: for a cluster, where photos and segments are.
        model, clip, device: names of the models, as for `PersonalMemory.open`.
        conflict: see `Conflict`.
        segments: whether segments are encoded, or only made when somebody asks.
        together: how many concepts go through the encoder at once.
    """

    home: str
    blobs: str | None = None
    model: str = "pocket"
    clip: str = "pocket"
    device: str | None = None
    conflict: Conflict = Conflict.FAIL
    segments: bool = True
    together: int = 16
