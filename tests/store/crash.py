"""Kills a process at every durable step of a write, and checks what the next one finds.

Run as a script, see test_crash.

usage: crash.py FOLDER OPERATION
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.kill_points import patched
from jarvis_memory.store import OwnerArchive, OwnerStore, SQLiteCatalogue
from jarvis_memory.store.items import ItemDraft, OwnerItems
from tests.store.drafts import draft
from tests.store.portraits import portrait, put

MARKER = "Qzjmarker77"
PIXELS = b"PIXELS\x00\x01marker"


def write_add(store: OwnerStore) -> None:
    store.add_concept(draft("Mia", 2))


def write_replace(store: OwnerStore) -> None:
    store.replace_concept(store.get("Bo").id, draft("Bo", 3, notes=("Loves tea.",)))


def write_segment(store: OwnerStore) -> None:
    store.put_segment(store.get("Bo").id, "f", b"second segment")


def write_forget(store: OwnerStore) -> None:
    store.forget(MARKER)


def write_delete_owner(store: OwnerStore) -> None:
    store.delete_owner()


def write_import(store: OwnerStore) -> None:
    with OwnerArchive(archive_of(store)) as archive:
        OwnerStore("cleo", store._catalogue, store._blobs).import_from(archive)


OPERATIONS: dict[str, Callable[[OwnerStore], None]] = {
    name.removeprefix("write_"): function for name, function in globals().items() if name.startswith("write_")
}


def prepare(home: Path) -> None:
    with OwnerStore.open(home, "ana") as store:
        items(store).write([(("place",), "tea", ItemDraft({"kind": "green"}))])
        bo = store.add_concept(draft("Bo", 1))
        store.put_segment(bo.id, "f", b"first segment")
        planted = draft(MARKER, 5, notes=(f"{MARKER} sleeps.",))
        photos = [(PIXELS + photo.data, *photo[1:]) for photo in planted.checked_photos]
        store.add_concept(
            type(planted)(name=MARKER, notes=planted.notes, photos=photos, patches=planted.patches)
        )
    with OwnerStore.open(home, "ben") as store:
        store.add_concept(draft("Bo", 6))
    with OwnerStore.open(home.parent / "elsewhere", "cleo") as store:
        store.add_concept(portrait("Bo", 1))
        store.add_concept(portrait("Mia", 2, photos=1))
        put(store, ("place",), "tea", {"kind": "black"})
        store.export(home.parent / "archive")


def archive_of(store: OwnerStore) -> Path:
    assert isinstance(store._catalogue, SQLiteCatalogue)
    return store._catalogue.database.path.parent.parent / "archive"


def items(store: OwnerStore) -> OwnerItems:
    assert isinstance(store._catalogue, SQLiteCatalogue)
    return OwnerItems(store.owner, store._catalogue.database)


def state(store: OwnerStore) -> object:
    return (
        [(item.key, item.draft.value) for item in items(store).under(())]
        + [
            (c.name, c.about, [store.photo(p.id) for p in c.photos], store.get_segment(c.id, "f"))
            for c in store.list()
        ]
        + [store.vectors().matrix.tolist()]
    )


def look(home: Path) -> tuple[object, object, frozenset[str]]:
    """What a new process finds: state of ana, state of ben, ids of live blobs; orphans are swept."""
    with OwnerStore.open(home, "ana") as store:
        store.sweep(0)
        other, third = (OwnerStore(owner, store._catalogue, store._blobs) for owner in ("ben", "cleo"))
        return [state(store), state(third)], state(other), store._catalogue.live_blobs()


def files_with(home: Path, marker: bytes) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file() and marker in path.read_bytes()]


def main(folder: Path, operation: str) -> None:
    base, home = folder / "base", folder / "home"
    prepare(base)
    before, other, _ = look(base)
    shutil.copytree(base, home)
    with OwnerStore.open(home, "ana") as store:
        OPERATIONS[operation](store)
    after = look(home)[0]
    kept = {"before": 0, "after": 0}
    for point in itertools.count(1):
        shutil.rmtree(home)
        shutil.copytree(base, home)
        child = os.fork()
        if child == 0:
            patched(point)()
            with OwnerStore.open(home, "ana") as store:
                OPERATIONS[operation](store)
                (folder / f"acknowledged-{point}").touch()
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        found, found_other, live = look(home)
        acknowledged = (folder / f"acknowledged-{point}").exists()
        if found != after and (acknowledged or found != before):
            sys.exit(f"point {point}: neither the state before nor the one after")
        if found_other != other:
            sys.exit(f"point {point}: another owner was touched")
        kept["after" if found == after else "before"] += 1
        if {
            path.name for part in ("blobs", "tmp") for path in (home / part).rglob("*") if path.is_file()
        } != live:
            sys.exit(f"point {point}: a file without a row is left, or a row without its file")
        left = [*files_with(home, MARKER.encode()), *files_with(home, PIXELS)]
        if left and found == after and operation in ("forget", "delete_owner"):
            sys.exit(f"point {point}: bytes are left in {left}")
        if not killed:
            print(point, kept["before"], kept["after"])  # noqa: T201
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
