"""All that is tried, by name."""

from __future__ import annotations

from . import said, sent, stored, written
from .target import Target

__all__ = ["TARGETS"]

TARGETS: dict[str, Target] = dict(
    sorted({**said.TARGETS, **sent.TARGETS, **stored.TARGETS, **written.TARGETS}.items())
)
