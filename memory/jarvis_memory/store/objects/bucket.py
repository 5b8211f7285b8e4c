"""Objects under a prefix: whole, never written over, and what fails for a moment is tried again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from jarvis_retrievers.errors import JarvisError, StoreError
from jarvis_retrievers.log import log

from .address import ObjectAddress
from .driver import file_system
from .failures import apart, meant, signs_of
from .retrying import Patience

__all__ = ["Bucket", "Listed"]

_Result = TypeVar("_Result")

PART = 8 << 20
"""Bytes of a part, of what is written or read in several."""


class Listed(NamedTuple):
    """An object: its key, its bytes, when it was written, in seconds since 1970 by the service's clock."""

    key: str
    size: int
    written: float


class Bucket:
    """Objects under a prefix, by keys without it.

    Threads may share it, processes may not: open it after a fork.

    Args:
        root: of the prefix, as the file system names it; for messages ``shown``.
        make: a new file system of fsspec, with the credentials of the moment.
        patience: with what fails for a moment.
        part: see `PART`.
    """

    def __init__(
        self,
        root: str,
        make: Callable[[], Any],
        *,
        shown: str,
        patience: Patience | None = None,
        part: int = PART,
    ) -> None:
        self._root, self._make, self.shown = root.rstrip("/"), make, shown
        self._patience, self._part = patience or Patience(), part
        self._lock = threading.Lock()
        self._system: Any = None

    @classmethod
    def open(cls, address: ObjectAddress, patience: Patience | None = None) -> Bucket:
        """Of an address; nothing is connected yet.

        Raises:
            ExtraError: its driver is not installed. SettingError: the driver cannot be used so.
        """
        patience = patience or Patience()
        silent = max(1.0, patience.deadline / 3)
        bucket = cls(
            address.root, lambda: file_system(address, silent), shown=address.shown, patience=patience
        )
        bucket._do("open", lambda system: system)
        return bucket

    def put(self, key: str, data: bytes) -> bool:
        """Write an object that is not there yet, and see that it is; False, with nothing done, if one is.

        Large ones go in parts. A try that was cut short and had written it after all is taken for done.
        """
        path = self._path(key)

        def write(system: Any) -> None:
            options = {"chunksize": self._part} if _in_parts(system) else {}
            _make_folder(system, path)
            system.pipe_file(path, data, mode="create", **options)

        try:
            self._run(write)
        except Exception as error:
            if not signs_of(error).taken:
                raise meant(error, "write", self.shown) from error
            # An answer that was lost on its way, and the try after it.
            return self.get(key, len(data) + 1) == data
        found = self.info(key)
        if found is None or found.size != len(data):
            size = "nothing" if found is None else f"{found.size} bytes"
            raise StoreError(
                f"{self.shown}: {len(data)} bytes were written and {size} found; this storage cannot be "
                "trusted"
            )
        return True

    def get(self, key: str, limit: int) -> bytes | None:
        """The first ``limit`` bytes of an object, None if there is none; a large one's side by side."""
        path = self._path(key)

        def read(system: Any) -> bytes:
            first = bytes(system.cat_file(path, start=0, end=min(limit, self._part)))
            if len(first) < self._part or limit <= self._part:
                return first
            starts = list(range(self._part, min(limit, int(system.info(path)["size"])), self._part))
            ends = [min(limit, start + self._part) for start in starts]
            rest = system.cat_ranges([path] * len(starts), starts, ends, on_error="raise") if starts else []
            return b"".join([first, *map(bytes, rest)])

        try:
            return self._run(read)
        except Exception as error:
            signs = signs_of(error)
            if signs.outside:
                return b""
            if signs.missing:
                return None
            raise meant(error, "read", self.shown) from error

    def info(self, key: str) -> Listed | None:
        """What is known of an object, or None."""
        path = self._path(key)
        found = self._found("look", lambda system: system.info(path, **_fresh(system)))
        return None if found is None or found.get("type") != "file" else _listed(key, found)

    def list(self, prefix: str) -> Iterator[Listed]:
        """All objects whose keys start with ``prefix/``."""
        path = self._path(prefix)
        found = self._found("list", lambda system: system.find(path, detail=True)) or {}
        for name, info in found.items():
            yield _listed(str(name).lstrip("/").removeprefix(f"{self._root.lstrip('/')}/"), info)

    def folders(self, prefix: str) -> tuple[str, ...]:
        """The names of what looks like folders under ``prefix/``, sorted."""
        path = self._path(prefix)
        found = self._found("list", lambda system: system.ls(path, detail=True)) or []
        names = [str(info["name"]).rstrip("/") for info in found if info["type"] == "directory"]
        return tuple(sorted(name.rpartition("/")[2] for name in names))

    def remove(self, keys: Collection[str]) -> None:
        """Delete objects, many with one request; see that they are gone, as not every driver says so."""
        paths = [self._path(key) for key in keys]
        if not paths:
            return

        def delete(system: Any) -> None:
            try:
                system.rm(paths)
                return
            except FileNotFoundError as error:
                if signs_of(error).no_bucket:
                    raise
            # A service says nothing of what was not there; file systems do, and stop.
            for path in paths:
                if system.exists(path):
                    system.rm_file(path)

        self._do("delete", delete)

    def remove_unfinished(self, prefix: str, before: float) -> int:
        """Give up uploads in parts under ``prefix/`` that began before, where they can be seen (S3)."""

        def give_up(system: Any) -> int:
            if "s3" not in _protocols(system):
                return 0
            bucket, _, start = self._path(prefix).partition("/")
            found = system.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=f"{start}/")
            old = [each for each in found.get("Uploads", ()) if _seconds(each["Initiated"]) <= before]
            for each in old:
                system.abort_mpu(bucket, each["Key"], each["UploadId"])
            return len(old)

        return self._do("list", give_up)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _found(self, what: str, action: Callable[[Any], _Result]) -> _Result | None:
        try:
            return self._run(action)
        except Exception as error:
            if signs_of(error).missing:
                return None
            raise meant(error, what, self.shown) from error

    def _do(self, what: str, action: Callable[[Any], _Result]) -> _Result:
        try:
            return self._run(action)
        except JarvisError:
            raise
        except Exception as error:
            raise meant(error, what, self.shown) from error

    def _run(self, action: Callable[[Any], _Result]) -> _Result:
        def work() -> _Result:
            return apart(lambda: action(self._connected()))

        try:
            return self._patience.run(work, _tell)
        except Exception as error:
            if not signs_of(error).expired:
                raise
            # Whoever renews credentials in a file or a service cannot tell those who have read them before.
            log("objects.renewed", error=error)
        with self._lock:
            self._system = None
        return self._patience.run(work, _tell)

    def _connected(self) -> Any:
        with self._lock:
            if self._system is None:
                self._system = self._make()
            return self._system


def _tell(error: Exception) -> bool:
    passing = signs_of(error).passing
    if passing:
        log("objects.retried", error=error)
    return passing


def _protocols(system: Any) -> tuple[str, ...]:
    found = system.protocol
    return (found,) if isinstance(found, str) else tuple(found)


def _in_parts(system: Any) -> bool:
    return bool({"s3", "gs"} & set(_protocols(system)))


def _fresh(system: Any) -> dict[str, bool]:
    return {"refresh": True} if "s3" in _protocols(system) else {}


def _make_folder(system: Any, path: str) -> None:
    # Buckets have no folders.
    if {"file", "memory"} & set(_protocols(system)):
        system.makedirs(path.rpartition("/")[0], exist_ok=True)


def _listed(key: str, info: dict[str, Any]) -> Listed:
    names = ("LastModified", "updated", "last_modified", "mtime", "created")
    written = next((info[name] for name in names if info.get(name)), None)
    return Listed(key, int(info.get("size") or 0), _seconds(written))


def _seconds(when: Any) -> float:
    if isinstance(when, str):
        when = datetime.fromisoformat(when.replace("Z", "+00:00"))
    if isinstance(when, datetime):
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    # Of unknown age: too young to touch.
    return float(when) if isinstance(when, int | float) else float("inf")
