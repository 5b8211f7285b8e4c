"""Many write at once, and the server is killed while they do."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks.postgres_server import Server
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.places import items_of
from jarvis_memory.store.postgres import Cluster, PostgresCatalogue
from jarvis_retrievers.errors import StoreError
from tests.scale.writer import Left, steps
from tests.store.conformance import rows
from tests.store.drafts import draft, matrix_of

ROOT = Path(__file__).parents[2]


def found_in(store: OwnerStore, number: int, seeds: range) -> Left:
    """What a writer has left; each concept is compared with its draft, photos and vectors included."""
    left: Left = {}
    table = store.vectors()
    for concept in store.list():
        if not concept.name.startswith(f"w{number} "):
            continue
        photo = store.photo(concept.photos[0].id)
        mine = table.matrix[[whose == concept.id for whose in table.concept_ids]]
        for seed in seeds:
            value = draft(concept.name, seed, photos=1, patches=2)
            if value.checked_photos[0].data == photo:
                assert (mine == matrix_of(value)).all()
                left[concept.name] = seed
                break
        else:
            raise AssertionError(f"{concept.name} is as nobody wrote it")
    for item in items_of(store._catalogue, store.owner).under((f"w{number}",)):
        left[""] = item.draft.value["step"]
    return left


def test_eight_processes(database: str, tmp_path: Path) -> None:
    """All write for one owner; every write is acknowledged, and all of them are there."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.scale.writer", database, str(tmp_path), "ana", str(number), "40"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    told = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0] * 8, [wrong for _, wrong in told]
    with OwnerStore.open(database, "ana", blobs=tmp_path) as store:
        for number, (said, _) in enumerate(told):
            assert found_in(store, number, range(1000)) == json.loads(said)
        ids = store.vectors().ids.tolist()
        assert len(set(ids)) == len(ids)
        assert store.sweep(0) == 0
        assert list(store.verify()) == []


def test_a_killed_writer(database: str, tmp_path: Path) -> None:
    """What a process that is killed had not finished is not there; no one else waits for its locks."""
    arguments = [sys.executable, "-m", "tests.scale.writer", database, str(tmp_path), "ana", "0", "100000"]
    with OwnerStore.open(database, "ana", blobs=tmp_path) as store:
        for _ in range(3):
            victim = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            deadline = time.monotonic() + 60
            while len(store.list()) < 3 and victim.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            victim.kill()
            victim.communicate()
            assert found_in(store, 0, range(1000))
            assert list(store.verify()) == []
            store.sweep(0)
            for concept in store.list():
                store.erase(concept.id)
        assert store.sweep(0) == 0
        assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("everything", [True, False])
def test_a_killed_server(server: Server, database: str, tmp_path: Path, everything: bool) -> None:
    """No acknowledged write is lost, none is half there, and the same stores go on when it is back."""
    stores = [OwnerStore.open(database, owner, blobs=tmp_path) for owner in ("ana", "ben", "eve")]
    expected: list[Left] = [{} for _ in stores]
    doing: list[tuple[str, int | None]] = [("", None) for _ in stores]
    failures: list[BaseException | None] = [None for _ in stores]
    enough = threading.Event()

    def write(number: int) -> None:
        try:
            for step in steps(stores[number], number, 10_000, expected[number]):
                if enough.is_set():
                    break
                doing[number] = step
        except BaseException as error:
            failures[number] = error

    threads = [threading.Thread(target=write, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while min(map(len, expected)) < 4 and time.monotonic() < deadline and not any(failures):
        time.sleep(0.02)
    time.sleep(0.5)
    server.kill(everything)
    time.sleep(0.5)
    server.start()
    enough.set()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    for number, store in enumerate(stores):
        # One that was between two transactions waits for the server and goes on by itself.
        error = failures[number]
        if error is not None:
            assert isinstance(error, StoreError), error
            assert "\n" not in str(error)
            assert "the connection to postgresql://jarvis@" in str(error)
        # The same store, without being opened again. What was under way is there whole, or not at all.
        name, seed = doing[number]
        after = dict(expected[number])
        if seed is None:
            after.pop(name, None)
        else:
            after[name] = seed
        found = found_in(store, number, range(1000))
        assert found in (expected[number], after)
        store._finish_forgetting()
        assert list(store.verify()) == []
        store.add_concept(draft("Bo"))
        assert store.get("Bo").name == "Bo"
    stores[0].sweep(0)
    for store in stores:
        assert list(store.verify(deep=False)) == []
        store.close()


def test_a_server_that_is_killed_before_a_commit(server: Server, database: str) -> None:
    """What was not committed is not there, and the next transaction waits for the server."""
    cluster = Cluster(database)
    catalogue = PostgresCatalogue(cluster)
    kept = catalogue.add("ana", rows("ana", 1))

    def cut_short() -> None:
        with cluster.write("ana") as session:
            assert session.run("DELETE FROM concepts WHERE owner = 'ana'") == 1
            server.kill()

    with pytest.raises(StoreError, match=r"was lost .* whole or not at all"):
        cut_short()
    back = threading.Timer(1.5, server.start)
    back.start()
    assert catalogue.concepts("ana") == (kept,)
    back.join()
    catalogue.close()


def test_a_server_that_stays_away(server: Server, database: str) -> None:
    catalogue = PostgresCatalogue(Cluster(database, timeout=0.5))
    server.kill()
    try:
        with pytest.raises(StoreError, match=r"cannot be reached .*check that the server runs"):
            catalogue.concepts("ana")
    finally:
        server.start()
    assert catalogue.concepts("ana") == ()
    catalogue.close()
