"""Encrypted homes for tests."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from jarvis_memory.store import FileBlobStore, MasterKey, SQLiteCatalogue
from jarvis_memory.store.home import CATALOGUE, open_home
from jarvis_memory.store.ring import DatabaseRing

KEY = MasterKey.from_bytes(bytes(range(32)))
OTHER = MasterKey.from_bytes(bytes(range(1, 33)))


def as_variable(key: MasterKey) -> str:
    return base64.b64encode(key.secret).decode()


def encrypted_catalogue(folder: Path) -> SQLiteCatalogue:
    return SQLiteCatalogue(folder / CATALOGUE, key=KEY)


def encrypted_blobs(folder: Path, catalogue: SQLiteCatalogue) -> FileBlobStore:
    return FileBlobStore(folder, keys=DatabaseRing(catalogue.database))


def make_encrypted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty encrypted home, whose key the environment has."""
    open_home(folder, key=KEY)[0].close()
    monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(KEY))


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def without_keys() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("JARVIS_")}
