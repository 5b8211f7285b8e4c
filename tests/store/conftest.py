"""Fixtures that several files of tests use."""

from __future__ import annotations

from tests.store.exported import archive, home

__all__ = ["archive", "home"]
