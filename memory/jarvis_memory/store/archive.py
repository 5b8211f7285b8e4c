"""One file that holds a row of entries: a plain tar file, of which every byte is checked when it is read."""

from __future__ import annotations

import hashlib
import os
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from jarvis_retrievers.errors import CorruptRecordError, SettingError, StoreError

from .disk import sync_folder, translated
from .manifest import MANIFEST, MAX_ENTRIES, MAX_MANIFEST, Counts, Entry, Manifest, largest

__all__ = ["ArchiveReader", "ArchiveWriter"]

_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_PIECE = 1 << 20


class ArchiveWriter:
    """Writes ``path`` through a file beside it, which gets its name when all of it is on the disk.

    Use it in a ``with``; if that is left by an error, or without `finish`, nothing is left of it. The same
    entries always give the same bytes.

    Raises:
        SettingError: ``path`` is there already, or its folder is not.
    """

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise SettingError(f"there is no folder {path.parent} to write an archive into; make it first")
        self._path = path
        self._refuse_other()
        self._new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        self._entries: list[Entry] = []
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with translated("write", path):
            self._file = os.fdopen(os.open(self._new, flags | getattr(os, "O_BINARY", 0), 0o600), "wb")

    def put(self, name: str, data: bytes) -> None:
        """Append an entry.

        Raises:
            StoreError: it is too large for an archive, or there are too many.
        """
        if len(data) > largest(name):
            raise StoreError(f"the entry {name} has {len(data)} bytes, an archive takes {largest(name)}")
        if len(self._entries) == MAX_ENTRIES:
            raise StoreError(
                f"an archive takes {MAX_ENTRIES} entries; this owner has more (use `jarvis backup`)"
            )
        self._entries.append(Entry(name, len(data), hashlib.sha256(data).hexdigest()))
        self._append(name, data)

    def finish(self, owner: str, counts: Counts) -> Manifest:
        """Append the manifest and give the file its name, durably."""
        manifest = Manifest(owner, counts, tuple(self._entries))
        self._append(MANIFEST, manifest.to_bytes())
        with translated("write", self._path):
            self._file.write(_END)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._refuse_other()
            os.replace(self._new, self._path)
            sync_folder(self._path.parent)
        return manifest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._new.unlink(missing_ok=True)

    def _refuse_other(self) -> None:
        if self._path.exists() or self._path.is_symlink():
            raise SettingError(f"{self._path} is there already; choose a name that is not")

    def _append(self, name: str, data: bytes) -> None:
        with translated("write", self._path):
            self._file.write(_header(name, len(data)))
            self._file.write(data)
            self._file.write(bytes(-len(data) % _BLOCK))


class ArchiveReader:
    """Reads an archive that may come from anybody; nothing of it is used before all of it was checked.

    Names of entries are looked up, and never become paths. Close it, or use it in a ``with``.

    Raises:
        SettingError: there is no such file. HomeFormatError: a newer version wrote it.
        CorruptRecordError: it is no archive, or some byte of it is not what the manifest says.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SettingError(f"there is no archive at {path}; name a file that `jarvis export` made")
        self._path = path
        with translated("read", path):
            self._file: BinaryIO = path.open("rb")
        try:
            with translated("read", path):
                self.manifest, self._places = self._read()
        except CorruptRecordError as error:
            self._file.close()
            raise CorruptRecordError(f"{path} cannot be imported: {error}; nothing was changed") from error
        except BaseException:
            self._file.close()
            raise

    def get(self, name: str) -> bytes:
        """An entry's bytes, checked again: the file may have been changed since.

        Raises:
            CorruptRecordError: there is no such entry, or it has changed.
        """
        if name not in self._places:
            raise CorruptRecordError(f"the archive has no entry {ascii(name)[:60]}")
        start, entry = self._places[name]
        with translated("read", self._path):
            self._file.seek(start)
            data = self._file.read(entry.length)
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise CorruptRecordError(f"the entry {name} has changed while it was read")
        return data

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> tuple[Manifest, dict[str, tuple[int, Entry]]]:
        size = os.fstat(self._file.fileno()).st_size
        found = list(self._walk(size))
        if not found or found[-1][0] != MANIFEST:
            raise CorruptRecordError("it does not end with a manifest, so it was cut off or is no archive")
        _, start, length = found.pop()
        self._file.seek(start)
        manifest = Manifest.from_bytes(self._file.read(length))
        if [(name, length) for name, _, length in found] != [entry[:2] for entry in manifest.entries]:
            raise CorruptRecordError("its entries are not those of its manifest")
        places = {}
        for (name, start, _), entry in zip(found, manifest.entries, strict=True):
            if self._digest(start, entry.length) != entry.sha256:
                raise CorruptRecordError(f"the entry {name} does not match its digest")
            places[name] = (start, entry)
        return manifest, places

    def _walk(self, size: int) -> Iterator[tuple[str, int, int]]:
        """Name, place and length of each entry, from headers that are exactly what a writer writes."""
        at = 0
        for _ in range(MAX_ENTRIES + 1):
            self._file.seek(at)
            block = self._file.read(_BLOCK)
            if block == _END[:_BLOCK]:
                if self._file.read(_BLOCK + 1) != _END[_BLOCK:]:
                    raise CorruptRecordError("there is something behind its end")
                return
            name, length = _parsed(block)
            start, at = at + _BLOCK, at + _BLOCK + length + -length % _BLOCK
            if at > size:
                raise CorruptRecordError("it was cut off")
            self._file.seek(start + length)
            if self._file.read(-length % _BLOCK).strip(b"\0"):
                raise CorruptRecordError("there is something between its entries")
            yield name, start, length
        raise CorruptRecordError(f"it has more than {MAX_ENTRIES} entries")

    def _digest(self, start: int, length: int) -> str:
        self._file.seek(start)
        state = hashlib.sha256()
        while length:
            piece = self._file.read(min(length, _PIECE))
            if not piece:
                break
            state.update(piece)
            length -= len(piece)
        return state.hexdigest()


def _header(name: str, length: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = length, 0o600
    return info.tobuf(tarfile.USTAR_FORMAT)


def _parsed(block: bytes) -> tuple[str, int]:
    """Name and length, of a header that could not be any other."""
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise CorruptRecordError("it is damaged, or no archive of an owner") from error
    most = MAX_MANIFEST if info.name == MANIFEST else largest(info.name)
    if not 0 <= info.size <= most or _header(info.name, info.size) != block:
        raise CorruptRecordError("a header in it is none that `jarvis export` writes")
    return info.name, info.size
