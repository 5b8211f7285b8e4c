"""A table of documents on disk: whole or not at all, checked before it is read, and never code.

::

    <folder>/manifest.json                 which generation counts, and the digests of its files
    <folder>/<generation>/documents.jsonl  one JSON object a line: id, text, metadata; extra if there is any
    <folder>/<generation>/vectors.safetensors   one tensor "vectors", F32 (n, dim), same order
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from jarvis_memory.store.disk import make_folder, sync_folder, translated, write_file
from jarvis_retrievers.errors import CorruptRecordError, HomeFormatError, InputError, SettingError
from jarvis_retrievers.tensor_file import header_of

from .row import Row

__all__ = ["Snapshot", "read_snapshot", "write_snapshot"]

FORMAT: Final = "jarvis-vectorstore"
VERSION: Final = 1
_MANIFEST: Final = "manifest.json"
_DOCUMENTS: Final = "documents.jsonl"
_VECTORS: Final = "vectors.safetensors"
_GENERATION: Final = re.compile(r"[0-9a-f]{32}\Z")
_LEFTOVER: Final = re.compile(r"(tmp-)?[0-9a-f]{32}(\.json)?\Z")
# How long what an interrupted save has left lies there: it may belong to a save that is going on.
_GRACE: Final = 3600.0


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """What is written.

    Attributes:
        rows: oldest first.
        vectors: float32 (n, dim); (0, 0) for none.
        embedding: fingerprint of what made the vectors; empty if it has none.
    """

    rows: Sequence[Row]
    vectors: NDArray[np.float32]
    embedding: str = ""

    def check_maker(self, embedding: str, folder: str | os.PathLike[str]) -> None:
        """Compare with the fingerprint of the embeddings to be used; where one is unknown they may differ.

        Raises:
            SettingError: other embeddings made these vectors.
        """
        if self.embedding and embedding and self.embedding != embedding:
            raise SettingError(
                f"the vectors in {folder} were made by embeddings {self.embedding[:12]}, got "
                f"{embedding[:12]}; load it with the same model, or add the documents to a new store"
            )


def write_snapshot(folder: Path, snapshot: Snapshot) -> None:
    """Write a snapshot into a folder, in place of the one that is there.

    A process that is killed at any moment leaves the old one or the new one. Two that write at once leave
    one of the two.

    Raises:
        SettingError: ``folder`` is a file. StoreError: no room, or no permission.
    """
    if folder.exists() and not folder.is_dir():
        raise SettingError(f"a vector store is saved as a folder, got the file {folder}; choose another path")
    with translated("write", folder):
        make_folder(folder)
        old = _generation_of(folder)
        name = secrets.token_hex(16)
        draft = folder / f"tmp-{name}"
        draft.mkdir(mode=0o700)
        try:
            files = {_DOCUMENTS: _lines(snapshot.rows), _VECTORS: _tensors(snapshot.vectors)}
            for file, data in files.items():
                write_file(draft / file, draft / f"{file}.tmp", (data,))
            draft.rename(folder / name)
            sync_folder(folder)
            text = json.dumps(_manifest(name, snapshot, files), indent=1, sort_keys=True).encode()
            ready = folder / f"{name}.json"
            write_file(ready, folder / f"tmp-{name}.json", (text,))
            # This one step makes the new snapshot count.
            os.replace(ready, folder / _MANIFEST)
            sync_folder(folder)
        except BaseException:
            if _generation_of(folder) != name:
                shutil.rmtree(draft, ignore_errors=True)
                shutil.rmtree(folder / name, ignore_errors=True)
            raise
        _clean(folder, old, name)


def read_snapshot(folder: Path) -> Snapshot:
    """Read the snapshot of a folder; every byte is compared with its digest before it is parsed.

    Raises:
        SettingError: there is none.
        HomeFormatError: a newer version wrote it.
        CorruptRecordError: a file that is missing, cut short or changed.
    """
    manifest = _read_manifest(folder)
    while (found := _read(folder, manifest)) is None:
        # Another process may have saved since the manifest was read, and removed what it named.
        again = _read_manifest(folder)
        if again == manifest:
            raise _damaged(folder, f"files of generation {manifest['generation']} are missing")
        manifest = again
    return found


def _read(folder: Path, manifest: dict[str, Any]) -> Snapshot | None:
    """What a manifest names; None if a file of it is missing."""
    place = folder / manifest["generation"]
    found: dict[str, bytes] = {}
    with translated("read", place):
        for name in (_DOCUMENTS, _VECTORS):
            try:
                found[name] = (place / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
            if _seal(found[name]) != manifest["files"].get(name):
                raise _damaged(folder, f"{place / name} does not match its digest")
    rows, vectors = _parse(folder, found[_DOCUMENTS], found[_VECTORS])
    if len(rows) != len(vectors) or vectors.shape != (manifest["count"], manifest["dim"]):
        raise _damaged(folder, f"there are {len(rows)} documents and vectors of shape {vectors.shape}")
    return Snapshot(rows, vectors, manifest["embedding"])


def _parse(folder: Path, lines: bytes, tensors: bytes) -> tuple[list[Row], NDArray[np.float32]]:
    try:
        rows = []
        for line in lines.splitlines():
            entry = json.loads(line)
            rows.append(Row.of(entry["id"], entry["text"], entry["metadata"], entry.get("extra")))
        if set(header_of(tensors)) != {"vectors"}:
            raise ValueError("its vectors are not one tensor")
        vectors = safetensors.numpy.load(tensors)["vectors"]
        if vectors.dtype != np.float32 or vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ValueError(f"vectors are {vectors.dtype} of shape {vectors.shape}")
        if len({row.id for row in rows}) != len(rows):
            raise ValueError("an id stands there twice")
    except (ValueError, KeyError, TypeError, InputError, SafetensorError, RecursionError) as error:
        raise _damaged(folder, f"its files hold something else ({error})") from error
    return rows, vectors


def _read_manifest(folder: Path) -> dict[str, Any]:
    with translated("read", folder):
        try:
            text = (folder / _MANIFEST).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SettingError(
                f"there is no vector store in {folder}; check the path, or save one there first"
            ) from error
    try:
        manifest = json.loads(text)
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise ValueError("it is no manifest of a vector store")
        version = manifest["version"]
        if isinstance(version, int) and version > VERSION:
            raise HomeFormatError(
                f"the vector store in {folder} has format {version}, this version reads up to {VERSION}; "
                "update jarvis-plugins, nothing was changed"
            )
        given = manifest.pop("digest")
        if version != VERSION or given != _digest(manifest):
            raise ValueError("it does not match its digest")
        if not _GENERATION.match(manifest["generation"]) or not isinstance(manifest["files"], dict):
            raise ValueError("it names no generation")
        kinds = {"count": int, "dim": int, "embedding": str, "files": dict}
        wrong = [key for key, kind in kinds.items() if type(manifest[key]) is not kind]
        if wrong:
            raise ValueError(f"its {wrong[0]} is something else")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(folder, f"{_MANIFEST} cannot be used: {error}") from error
    return manifest


def _manifest(name: str, snapshot: Snapshot, files: dict[str, bytes]) -> dict[str, Any]:
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "generation": name,
        "count": len(snapshot.rows),
        "dim": int(snapshot.vectors.shape[1]),
        "embedding": snapshot.embedding,
        "files": {file: _seal(data) for file, data in files.items()},
    }
    return manifest | {"digest": _digest(manifest)}


def _lines(rows: Sequence[Row]) -> bytes:
    # In ASCII: half of a surrogate pair has no other form that comes back.
    return "".join(json.dumps(_entry(row)) + "\n" for row in rows).encode("ascii")


def _entry(row: Row) -> dict[str, Any]:
    entry = {"id": row.id, "text": row.text, "metadata": row.metadata}
    return entry | {"extra": row.extra} if row.extra else entry


def _tensors(vectors: NDArray[np.float32]) -> bytes:
    return safetensors.numpy.save({"vectors": np.ascontiguousarray(vectors)})


def _seal(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _digest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _damaged(folder: Path, what: str) -> CorruptRecordError:
    return CorruptRecordError(
        f"the vector store in {folder} is damaged: {what}; restore it from a backup, or make it again"
    )


def _generation_of(folder: Path) -> str | None:
    """The generation that counts now, None if there is none that can be told."""
    try:
        return str(_read_manifest(folder)["generation"])
    except (SettingError, CorruptRecordError):
        return None


def _clean(folder: Path, old: str | None, new: str) -> None:
    """Remove what the new snapshot replaces, and what interrupted saves have left long ago."""
    for path in folder.iterdir():
        if path.name == new or not _LEFTOVER.match(path.name):
            continue
        try:
            aged = path.lstat().st_mtime < time.time() - _GRACE
        except FileNotFoundError:  # another process cleans too
            continue
        if path.name == old or aged:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
