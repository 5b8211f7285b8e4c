"""One household for all tests of the collaboration."""

from __future__ import annotations

from tests.household import encoder, exam, household, shared, vlm

__all__ = ["encoder", "exam", "household", "shared", "vlm"]
