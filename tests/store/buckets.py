"""Buckets without a server: in memory, and in a folder."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from jarvis_memory.store.cipher import KeyRing
from jarvis_memory.store.objects import Bucket, ObjectBlobStore, Patience

SECRET = b"an id of a cluster"

_NUMBER = itertools.count()


def memory_bucket(**options: Any) -> Bucket:
    """A new one. What it holds outlives it, under a name of its own."""
    from fsspec.implementations.memory import MemoryFileSystem

    return Bucket(f"/bucket-{next(_NUMBER)}/photos", MemoryFileSystem, shown="memory://", **options)


def folder_bucket(folder: Path, **options: Any) -> Bucket:
    from fsspec.implementations.local import LocalFileSystem

    return Bucket(str(folder), LocalFileSystem, shown=f"file://{folder}", **options)


def blobs_in(bucket: Bucket, keys: KeyRing | None = None) -> ObjectBlobStore:
    return ObjectBlobStore(bucket, SECRET, keys=keys)


def quick(deadline: float = 5.0) -> Patience:
    return Patience(deadline, first=0.01, longest=0.1)
