"""A copy of a whole home, taken while it is in use, and a home made from one."""

# ruff: noqa: S608  (statements hold names of tables of schema.py)
from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from jarvis_retrievers.errors import CorruptRecordError, SettingError, StoreError
from jarvis_retrievers.log import log

from .blobs import FileBlobStore
from .contracts import BlobRef
from .disk import make_folder, sync_folder, translated, write_file
from .failures import meant
from .home import CATALOGUE
from .kept import chunks
from .queries import has_table
from .references import reference
from .shape import check_shape

__all__ = ["Copied", "backup", "restore"]

_MANIFEST = "manifest.json"
_TRIES = 20
_LIVE = """ WHERE EXISTS (SELECT 1 FROM concepts
    WHERE concepts.owner = {0}.owner AND concepts.concept = {0}.concept AND concepts.live = 1)"""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: blobs, and bytes of all files."""

    blobs: int
    nbytes: int


def backup(home: str | os.PathLike[str], target: str | os.PathLike[str]) -> Copied:
    """Copy a home as it is at one moment; others may go on writing into it.

    Blobs never change, so they are linked where both are on one file system, else copied. What is forgotten
    later is still in the backup.

    Raises:
        SettingError: there is no home, or ``target`` is there already. StoreError: the disk fails.
    """
    source, folder = Path(home).expanduser(), Path(target).expanduser()
    if not (source / CATALOGUE).is_file():
        raise SettingError(f"there is no home at {source} to back up; name another")
    with _made(folder) as new:
        for path in _files(source / "blobs"):
            _link(path, new / path.relative_to(source))
        for _ in range(_TRIES):
            if _snapshot(source, new):
                break
        else:
            raise StoreError(
                f"the home {source} changes too fast to be copied; try again when less is written"
            )
        wanted = {blob.id for _, blob in _blobs(new)}
        for path in list(_files(new / "blobs")):
            if path.name not in wanted:
                path.unlink()
        manifest = {"format": 1, "catalogue": _digest(new / CATALOGUE), "blobs": len(wanted)}
        write_file(new / _MANIFEST, new / f"{_MANIFEST}.tmp", (json.dumps(manifest).encode(),))
        copied = _finish(new, folder, len(wanted))
    log("home.backed_up", files=copied.blobs, bytes=copied.nbytes)
    return copied


def restore(source: str | os.PathLike[str], home: str | os.PathLike[str]) -> Copied:
    """Make a home from a backup, which stays as it is; every byte is checked on the way.

    Raises:
        SettingError: ``source`` is no backup, or ``home`` is there already.
        CorruptRecordError: the backup is damaged; no home is made.
    """
    old, folder = Path(source).expanduser(), Path(home).expanduser()
    if not (old / _MANIFEST).is_file():
        raise SettingError(
            f"{old} is no backup (it has no {_MANIFEST}); name a folder that `jarvis backup` made"
        )
    with _made(folder) as new:
        # A backup that was opened as a home may be one that this process has open.
        with (new / CATALOGUE).open("wb") as file:
            file.writelines(chunks(old / CATALOGUE))
        try:
            manifest = json.loads((old / _MANIFEST).read_bytes())
            sound = manifest["catalogue"] == _digest(new / CATALOGUE)
        except (ValueError, KeyError, TypeError, RecursionError):
            sound = False
        if not sound:
            raise CorruptRecordError(
                f"the backup {old} is damaged (its catalogue is not that of its manifest)"
            )
        blobs = FileBlobStore(old, read_only=True)
        count = 0
        for owner, blob in _blobs(new):
            blobs.check(owner, blob)
            place = blobs.path(blob)
            copy = new / place.relative_to(old)
            make_folder(copy.parent)
            shutil.copyfile(place, copy)
            copy.chmod(0o600)
            count += 1
        copied = _finish(new, folder, count)
    log("home.restored", files=copied.blobs, bytes=copied.nbytes)
    return copied


class _made:  # noqa: N801
    """A folder beside the one to make; gone again if that fails."""

    def __init__(self, folder: Path) -> None:
        if folder.exists():
            raise SettingError(f"{folder} is there already; choose a folder that is not")
        self._new = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        self._watch = translated("write", folder)

    def __enter__(self) -> Path:
        self._watch.__enter__()
        make_folder(self._new)
        return self._new

    def __exit__(self, *error: object) -> None:
        if self._new.exists():
            shutil.rmtree(self._new)
        self._watch.__exit__(*error)  # type: ignore[arg-type]


def _snapshot(source: Path, new: Path) -> bool:
    """Copy the catalogue, and blobs that are new in it; whether all were still there."""
    # Of the file, not of the log: what stands in the -wal file is copied too.
    with (
        closing(sqlite3.connect(f"{(source / CATALOGUE).absolute().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(new / CATALOGUE)) as copy,
    ):
        try:
            old.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise StoreError(
                f"the catalogue of {source} cannot be copied ({error}); run `jarvis verify`"
            ) from error
    # Asked only for the paths: what is damaged is copied as it is.
    paths = FileBlobStore(source, read_only=True)
    for _, blob in _blobs(new):
        path = paths.path(blob)
        copied = new / path.relative_to(source)
        if not copied.exists() and not _link(path, copied):
            return False
    return True


def _blobs(folder: Path) -> Iterator[tuple[str, BlobRef]]:
    """Blobs of all owners.

    Raises:
        CorruptRecordError: it is no catalogue of ours.
    """
    file = folder / CATALOGUE
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as catalogue:
            check_shape(catalogue, file)
            for table in ("photos", "segments", "snapshots"):
                if has_table(catalogue, table):
                    query = f"SELECT owner, blob, length, blob_digest FROM {table}"
                    if table != "snapshots":
                        # Of a concept that is being forgotten some may be gone; opening the copy goes on.
                        query += _LIVE.format(table)
                    rows = catalogue.execute(query).fetchall()
                    yield from ((str(row[0]), reference(row[1:])) for row in rows)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise meant(error, file) from error


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _link(path: Path, copy: Path) -> bool:
    """Whether it was still there."""
    make_folder(copy.parent)
    try:
        os.link(path, copy)
    except FileNotFoundError:
        return False
    except OSError:
        # Another file system, or one without links.
        try:
            shutil.copyfile(path, copy)
        except FileNotFoundError:
            return False
        copy.chmod(0o600)
    return True


def _finish(new: Path, folder: Path, count: int) -> Copied:
    """Make all of it durable, and give it its name."""
    nbytes = 0
    for root, _, names in os.walk(new):
        for name in names:
            with (Path(root) / name).open("rb") as file:
                os.fsync(file.fileno())
                nbytes += os.fstat(file.fileno()).st_size
        sync_folder(Path(root))
    os.rename(new, folder)
    sync_folder(folder.parent)
    return Copied(count, nbytes)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
