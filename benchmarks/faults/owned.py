"""What an owner must have, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .marked import Mark

__all__ = ["Kept", "Owned"]


@dataclass
class Kept:
    """A concept that an owner must have: its id, what it was drawn from, and what is kept of it besides."""

    id: str
    seed: int
    segment: bytes | None = None
    texts: NDArray[np.float32] | None = None


@dataclass
class Owned:
    """All that an owner must have, by name and key."""

    mark: Mark
    concepts: dict[str, Kept] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    snapshots: dict[str, bytes] = field(default_factory=dict)
