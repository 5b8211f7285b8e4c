"""Stores of blobs with copies, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jarvis_memory.store.cached_blobs import CachedBlobStore
from jarvis_memory.store.copies import Copies
from tests.store.buckets import blobs_in, memory_bucket


def cached(folder: Path, max_bytes: int = 1 << 20, **options: Any) -> CachedBlobStore:
    return CachedBlobStore(blobs_in(memory_bucket()), Copies(folder, max_bytes, **options))


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}
