"""A process that runs out of memory while it writes."""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import jarvis_memory.store
from jarvis_memory.store import OwnerStore
from jarvis_retrievers.errors import JarvisError

from .base import OWNER
from .drawn import drawn
from .operation import Operation, perform
from .victim import Outcome

__all__ = ["WAYS", "starve"]

_STORE = str(Path(jarvis_memory.store.__file__).parent)
_PROBE = Operation("setting", "probe", (1,))
WAYS = ("line", "limit")
"""``line``: a line of the store raises MemoryError. ``limit``: the process may not grow (``RLIMIT_AS``)."""


def starve(home: Path, plan: Sequence[Operation], way: str, rng: random.Random) -> Outcome:
    """Do a plan in a fork; in one of its operations (``limit``: in all) there is no memory.

    What raises MemoryError counts as refused. Afterwards the same open store must be able to write and read.
    """
    victim, point = rng.randrange(len(plan)), rng.randrange(1, 500)
    for operation in plan:  # what is to be stored is there before
        if operation.kind in ("remember", "update", "append"):
            drawn(operation.name, operation.seeds)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        said: dict[str, Any] = {"acks": [], "refused": [], "crash": ""}
        try:
            with OwnerStore.open(home, OWNER) as store:
                for number, operation in enumerate(plan):
                    starving = way if way == "limit" or number == victim else ""
                    what = _try(store, operation, starving, point)
                    if what is None:
                        said["acks"].append(number)
                    else:
                        said["refused"].append((number, what))
                said["crash"] = _try(store, _PROBE, "", 0) or _read(store)
        except BaseException:
            said["crash"] = traceback.format_exc()[-800:]
        os.write(write, json.dumps(said).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        text = file.read()
    status = os.waitpid(pid, 0)[1]
    told: dict[str, Any] = json.loads(text) if text else {"acks": [], "refused": [], "crash": ""}
    refused = tuple((number, what) for number, what in told["refused"])
    return Outcome(tuple(told["acks"]), refused, os.WIFSIGNALED(status), told["crash"])


def _try(store: OwnerStore, operation: Operation, way: str, point: int) -> str | None:
    """None, or with what it was refused."""
    try:
        with _NONE[way](point):
            perform(store, operation)
    except (MemoryError, JarvisError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _read(store: OwnerStore) -> str:
    if store.setting(_PROBE.name) != str(_PROBE.seeds[0]):
        return "what was written after memory was there again cannot be read"
    return "; ".join(finding.what for finding in store.verify())


@contextmanager
def _enough(point: int) -> Iterator[None]:
    yield


@contextmanager
def _no_line(point: int) -> Iterator[None]:
    """Line number ``point`` of those that the store comes to has no memory."""
    left = point

    def lines(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if left == 0:
                raise MemoryError
        return lines

    def calls(frame: FrameType, event: str, argument: object) -> Any:
        return lines if frame.f_code.co_filename.startswith(_STORE) else None

    sys.settrace(calls)
    try:
        yield
    finally:
        sys.settrace(None)


@contextmanager
def _no_growth(point: int) -> Iterator[None]:
    """The process may take no more than it has, and all but some kilobytes of that are taken."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    held: list[bytearray] = []
    resource.setrlimit(resource.RLIMIT_AS, (used, hard))
    try:
        for size in (1 << 16, 1 << 10):
            with suppress(MemoryError):
                while True:
                    held.append(bytearray(size))
        del held[: point // 16]
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


_NONE = {"": _enough, "line": _no_line, "limit": _no_growth}
