"""The plain engine: what comes in is what `remember` would make, and comes in once."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.item import ItemDraft
from jarvis_memory.store.master_key import MasterKey
from jarvis_plugins.langchain import PersonalStore
from jarvis_plugins.onboarding import Conflict, Job, Worker, onboard_plain, open_source
from jarvis_plugins.onboarding.ledger import NAMESPACE
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.onboarding.conftest import Run
from tests.onboarding.sources import assert_same, blobs_without_rows, by_hand, kept, wanted
from tests.store.drafts import draft


def statuses(outcomes: object) -> list[str]:
    return [outcome.status for outcome in outcomes]  # type: ignore[attr-defined]


def test_as_by_hand(source: Path, tmp_path: Path, run: Run, vlm: VLM, encoder: OpenCLIPEncoder) -> None:
    """Profiles, boxes and vectors are those of `remember`, in the same order."""
    assert statuses(run(source, tmp_path / "home", segments=True)) == ["remembered"] * 5
    by_hand(source, tmp_path / "hand", vlm, encoder)
    assert_same(tmp_path / "home", tmp_path / "hand")
    with PersonalMemory.open(tmp_path / "home", owner="owner-0", model=vlm, clip=encoder) as memory:
        name = memory.list()[0].name
        memory.ask(f"What does {name} like?")
        # The segment was there, and sound.
        assert (memory.loads.store, memory.loads.missing) == (1, 0)


def test_once(source: Path, tmp_path: Path, run: Run) -> None:
    home = tmp_path / "home"
    first = run(source, home)
    assert {(one.owner, one.name): one.concept for one in first} == kept(home)
    assert kept(home).keys() == wanted(source)
    with PersonalStore(home, owner="owner-0") as seen:
        assert (seen.search(()), seen.list_namespaces()) == ([], [])
    before = {path: path.stat().st_mtime_ns for path in (home / "blobs").rglob("*")}
    again = run(source, home)
    assert statuses(again) == ["skipped"] * 5
    assert [one.concept for one in again] == [one.concept for one in first]
    assert {path: path.stat().st_mtime_ns for path in (home / "blobs").rglob("*")} == before


def test_segments_come_later(source: Path, tmp_path: Path, run: Run) -> None:
    """A run without segments, or one that was cut short before them, is made whole by the next."""
    home = tmp_path / "home"
    run(source, home)
    with OwnerStore.open(home, "owner-0") as store:
        assert [store.segment_fingerprints(one.id) for one in store.list()] == [()] * 3
    run(source, home, segments=True)
    with OwnerStore.open(home, "owner-0") as store:
        found = [store.segment_fingerprints(one.id) for one in store.list()]
    assert [len(one) for one in found] == [1] * 3


def test_two_at_once(source: Path, tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder) -> None:
    home, told = tmp_path / "home", list[str]()

    def onboard() -> None:
        job = Job(str(home), segments=False, together=1)
        worker = Worker(job, vlm, encoder)
        told.extend(statuses(onboard_plain(open_source(source), job, worker)))
        worker.close()

    threads = [threading.Thread(target=onboard) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["remembered"] * 5 + ["skipped"] * 10
    assert kept(home).keys() == wanted(source)
    assert [blobs_without_rows(home, f"owner-{n}") for n in range(2)] == [0, 0]


def test_other_content(source: Path, tmp_path: Path, run: Run) -> None:
    """A name that is taken: refused, skipped, or brought together, and each content once."""
    home, other = tmp_path / "home", tmp_path / "other"
    run(source, home)
    place = sorted(source.glob("*/*"))[0]
    there = other / place.parent.name / place.name
    shutil.copytree(place, there)
    (there / "notes.txt").write_text(f"{place.name} sings.")
    (refusal,) = run(other, home)
    assert (refusal.status, refusal.concept) == ("refused", "")
    assert "--on-conflict" in refusal.reason
    (skip,) = run(other, home, Conflict.SKIP)
    assert (skip.status, skip.reason) == ("skipped", "there is a concept of this name, of other content")
    (update,) = run(other, home, Conflict.UPDATE)
    assert (update.status, update.concept) == ("updated", kept(home)[place.parent.name, place.name])
    for folder in (other, source):
        assert set(statuses(run(folder, home, Conflict.UPDATE))) == {"skipped"}
    with OwnerStore.open(home, place.parent.name) as store:
        concept = store.get(place.name)
    assert concept.about[-1] == f"{place.name} sings."
    assert len(concept.photos) == 1


def test_twice_in_one_source(source: Path, tmp_path: Path, run: Run) -> None:
    """The same content under two names of a folder, which both say who it is."""
    both = tmp_path / "both"
    for number in range(2):
        folder = both / "ana" / f"copy-{number}"
        shutil.copytree(sorted(source.glob("*/*"))[0], folder)
        (folder / "concept.json").write_text('{"name": "Bo"}')
    assert statuses(run(both, tmp_path / "home")) == ["remembered", "skipped"]


def test_what_was_forgotten_stays_so(source: Path, tmp_path: Path, run: Run) -> None:
    home = tmp_path / "home"
    first = run(source, home)[0]
    with OwnerStore.open(home, first.owner) as store:
        store.forget(first.name)
    again = run(source, home)[0]
    assert (again.status, again.concept) == ("skipped", "")
    assert "forgotten" in again.reason
    with OwnerStore.open(home, first.owner) as store:
        store.delete_owner()
    assert run(source, home)[0].status == "remembered"


def test_keys_are_the_owners(source: Path, tmp_path: Path, run: Run) -> None:
    """The same content of two owners has two keys."""
    both = tmp_path / "both"
    for owner in ("ana", "ben"):
        shutil.copytree(sorted(source.glob("*/*"))[0], both / owner / "Bo")
    run(both, tmp_path / "home")
    keys = []
    for owner in ("ana", "ben"):
        with OwnerStore.open(tmp_path / "home", owner) as store:
            assert store.items is not None
            (item,) = store.items.under(NAMESPACE)
            assert item.draft.value == {"concept": store.get("Bo").id}
            keys.append(item.key)
    assert keys[0] != keys[1]
    assert all(len(key) == 64 for key in keys)


def test_encrypted(source: Path, tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder) -> None:
    """Of the ledger nothing stands in the file as it is."""
    key = MasterKey.from_passphrase("a secret word")
    worker = Worker(Job(str(tmp_path / "home"), segments=False), vlm, encoder, key)
    found = open_source(source)
    assert statuses(onboard_plain(found, worker.job, worker)) == ["remembered"] * 5
    assert statuses(onboard_plain(found, worker.job, worker)) == ["skipped"] * 5
    worker.close()
    data = (tmp_path / "home" / "catalogue.sqlite").read_bytes()
    assert b"onboarded" not in data
    with OwnerStore.open(tmp_path / "home", "owner-0", key=key) as store:
        assert store.items is not None
        keys = [item.key for item in store.items.under(NAMESPACE)]
    assert len(keys) == 3
    assert not any(one.encode() in data for one in keys)


def test_with_the_commit_or_not_at_all(tmp_path: Path) -> None:
    """What a block around the write raises undoes the concept, its photos, and what the block wrote."""
    from contextlib import contextmanager

    with OwnerStore.open(tmp_path, "ana") as store:
        items = store.items
        assert items is not None

        @contextmanager
        def around():  # type: ignore[no-untyped-def]
            yield
            items.write([(("x",), "y", ItemDraft({}))])
            raise InputError("no")

        with pytest.raises(InputError, match="no"):
            store.add_concept(draft("Bo", 1), around())
        assert (store.list(), items.under(())) == ([], [])
        assert store.keyed("test", 1) is None
        assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
        store.add_concept(draft("Bo", 1))
        assert store.keyed("test", 1) != store.keyed("test", 2)
