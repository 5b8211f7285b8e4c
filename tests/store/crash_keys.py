"""Kills a process at every durable step of a change of keys, and checks what the next one finds.

Run as a script, see test_crash_keys.

usage: crash_keys.py FOLDER OPERATION
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchmarks.faults.kill_points import patched
from jarvis_memory.store import MasterKey, OwnerStore
from jarvis_memory.store.items import ItemDraft
from jarvis_memory.store.securing import change_master, change_owner, secure, secured, unsecure
from jarvis_retrievers.errors import CorruptRecordError, LockedHomeError, WrongKeyError
from tests.store.crash import MARKER, PIXELS, files_with, items, state
from tests.store.drafts import draft
from tests.store.locked import KEY, OTHER

EMPTY: object = [[]]
"""`state` of an owner who has nothing."""

NEEDLES = (MARKER.encode(), MARKER.casefold().encode(), PIXELS, b"green", b"place")


def plant(home: Path) -> None:
    planted = draft(MARKER, 5, notes=(f"{MARKER} sleeps.",), photos=1)
    photo = planted.checked_photos[0]
    with OwnerStore.open(home, "ana") as store:
        items(store).write([(("place",), "tea", ItemDraft({"kind": "green"}))])
        photos = [(PIXELS + photo.data, *photo[1:])]
        concept = store.add_concept(replace(planted, photos=photos))
        store.put_segment(concept.id, "f", PIXELS)
        store.put_snapshot("index", PIXELS)
    with OwnerStore.open(home, "ben") as store:
        store.add_concept(draft("Bo", 6, photos=1))


def do_secure(home: Path) -> None:
    secure(home, KEY)


def do_unsecure(home: Path) -> None:
    unsecure(home, KEY)


def do_owner(home: Path) -> None:
    change_owner(home, "ana", KEY)


def do_master(home: Path) -> None:
    change_master(home, OTHER, KEY)


def do_leave(home: Path) -> None:
    with OwnerStore.open(home, "ana", key=KEY) as store:
        store.delete_owner()


OPERATIONS: dict[str, Callable[[Path], None]] = {
    name.removeprefix("do_"): function for name, function in globals().items() if name.startswith("do_")
}


def key_of(home: Path) -> MasterKey | None:
    """The only key that opens a home."""
    if secured(home).source is None:
        return None
    fitting = []
    for key in (KEY, OTHER):
        try:
            OwnerStore.open(home, "eve", key=key).close()
            fitting.append(key)
        except WrongKeyError:
            continue
    try:
        OwnerStore.open(home, "eve").close()
    except LockedHomeError:
        (only,) = fitting
        return only
    sys.exit("an encrypted home was opened without its key")


def seen(home: Path) -> tuple[object, object]:
    """What ana and ben have, for a new process."""
    key = key_of(home)
    with OwnerStore.open(home, "ana", key=key) as store, OwnerStore.open(home, "ben", key=key) as other:
        return state(store), state(other)


def wrapped(home: Path) -> list[bytes]:
    with closing(sqlite3.connect(home / "catalogue.sqlite")) as catalogue:
        return [row[0] for row in catalogue.execute("SELECT wrapped FROM data_keys WHERE owner = 'ana'")]


def check(home: Path, operation: str, point: str, before: tuple[object, object], old: list[bytes]) -> bool:
    """Whether the operation has come as far as it counts; the process ends with what is wrong."""
    if operation == "leave":
        return check_leaving(home, point, before, old)
    if seen(home) != before:
        sys.exit(f"{point}: something is lost")
    if operation == "owner":
        return wrapped(home) != old
    return key_of(home) != (None if operation == "secure" else KEY)


def check_leaving(home: Path, point: str, before: tuple[object, object], old: list[bytes]) -> bool:
    destroyed = wrapped(home) != old
    if destroyed:
        try:
            with OwnerStore.open(home, "ana", key=KEY, read_only=True) as store:
                readable = store.list()
        except CorruptRecordError:
            readable = []
        if readable:
            sys.exit(f"{point}: {readable} can be read without the owner's key")
    found = seen(home)  # goes on with what was begun
    if found != ((EMPTY if destroyed else before[0]), before[1]):
        sys.exit(f"{point}: neither there nor gone")
    return destroyed


def main(folder: Path, operation: str) -> None:
    base, home = folder / "base", folder / "home"
    plant(base)
    if operation != "secure":
        secure(base, KEY)
    old = wrapped(base) if operation != "secure" else []
    before = seen(base)
    count = {True: 0, False: 0}
    for point in itertools.count(1):
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(base, home)
        child = os.fork()
        if child == 0:
            patched(point)()
            OPERATIONS[operation](home)
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        count[check(home, operation, f"point {point}", before, old)] += 1
        finish(home, operation, f"point {point}", before, old)
        if not killed:
            print(point, count[False], count[True])  # noqa: T201
            return


def finish(home: Path, operation: str, point: str, before: tuple[object, object], old: list[bytes]) -> None:
    """Doing it again comes to the end, and no trace is left of what was there before."""
    found = secured(home)
    if operation == "secure" and not (found.source and found.finished):
        secure(home, KEY)
    if operation == "unsecure" and found.source:
        unsecure(home, KEY)
    if operation == "master" and key_of(home) == KEY:
        change_master(home, OTHER, KEY)
    if operation == "owner" and wrapped(home) == old:
        change_owner(home, "ana", KEY)
    if operation == "leave" and wrapped(home) == old:
        do_leave(home)
    if seen(home) != (EMPTY if operation == "leave" else before[0], before[1]):
        sys.exit(f"{point}: something is lost when it is done again")
    needles = (*old, *(() if operation == "unsecure" else NEEDLES))
    left = [path for needle in needles for path in files_with(home, needle)]
    if left:
        sys.exit(f"{point}: bytes are left in {left}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
