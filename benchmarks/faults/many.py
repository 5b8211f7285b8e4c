"""Homes with very many concepts, written fast: nothing of them is looked for after a fault."""

from __future__ import annotations

import getpass
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from jarvis_memory.store.home import open_home
from jarvis_memory.store.schema import FORMAT_VERSION

from .drawn import drawn

__all__ = ["careless", "crowded", "named"]

_AT_ONCE = 2000
_LOOKS = 32


def named(number: int) -> str:
    """The name of a concept."""
    return f"concept {number}"


def crowded(concepts: int, owners: int) -> Path:
    """A home of so many concepts of ``owner-0``, ``owner-1`` and so on, each with a photo and two patches.

    It is made once and kept in the folder for temporary files, as it takes minutes.
    """
    whose = getpass.getuser()
    kept = Path(tempfile.gettempdir()) / f"jarvis-faults-{whose}"
    kept.mkdir(mode=0o700, exist_ok=True)
    home = kept / f"format-{FORMAT_VERSION}-{owners}-owners-{concepts}-concepts"
    if not home.exists():
        new = home.with_name(f"{home.name}.{secrets.token_hex(4)}")
        with careless():
            _write(new, concepts, owners)
        new.rename(home)
    return home


def _write(home: Path, concepts: int, owners: int) -> None:
    catalogue, blobs = open_home(home)
    looks = [drawn("any", (seed,)) for seed in range(_LOOKS)]
    database = catalogue.database
    with closing(catalogue):
        for first in range(0, concepts, _AT_ONCE):
            # The catalogue's own way to add a concept, many of them in one transaction.
            with (
                database.write() as connection,
                patch.object(database, "write", lambda connection=connection: nullcontext(connection)),
            ):
                for number in range(first, min(first + _AT_ONCE, concepts)):
                    owner = f"owner-{number % owners}"
                    draft = replace(looks[number % _LOOKS], name=named(number))
                    photos = [blobs.put(owner, "photo", photo.data) for photo in draft.checked_photos]
                    catalogue.add(owner, draft.rows(owner, secrets.token_hex(16), photos))


@contextmanager
def careless() -> Iterator[None]:
    """Nothing is synced: a cut would cost no more than the time to make the home again."""
    with patch.object(os, "fsync", lambda handle: None):
        yield
