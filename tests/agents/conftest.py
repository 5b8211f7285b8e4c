"""One household in memory for all tests of the agents."""

from __future__ import annotations

from tests.household import encoder, exam, household, shared, vlm

__all__ = ["encoder", "exam", "household", "shared", "vlm"]
