"""What is exported and imported is what was there."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.faults.kill_points import patched
from jarvis_memory.concept import Concept
from jarvis_memory.store import OwnerStore, Quota, import_owner
from jarvis_memory.store.archived import plain
from jarvis_memory.store.importing import OwnerArchive
from jarvis_retrievers.errors import (
    CorruptRecordError,
    HomeReadOnlyError,
    QuotaError,
    SettingError,
)
from tests.store.portraits import files_of, items_of, portrait, put


def told(store: OwnerStore, *, same: bool = True) -> object:
    """All that a caller can read of an owner, without what every home gives anew."""
    concepts = []
    for concept in store.list():
        table, texts = store.vectors([concept.id]), store.texts("e:1", [concept.id])
        ids = {photo.id: str(n) for n, photo in enumerate(concept.photos)}
        shown = plain(concept) if same else _nameless(concept, ids)
        concepts.append(
            (
                shown,
                [store.photo(photo.id) for photo in concept.photos],
                (table.matrix.tobytes(), table.matrix.shape, table.kinds),
                {key == concept.id: value.tobytes() for key, value in texts.items()},
            )
        )
    items = [
        (i.namespace, i.key, i.created, i.updated, i.expires, i.draft.ttl, i.draft.fields, i.draft.encoder)
        + (i.draft.kinds, None if i.draft.vectors is None else i.draft.vectors.tobytes())
        + ((json.dumps(i.draft.value),) if same else ())
        for i in items_of(store)
    ]
    return concepts, items


def _nameless(concept: Concept, ids: dict[str, str]) -> Concept:
    photos = tuple(photo.model_copy(update={"id": ids[photo.id]}) for photo in concept.photos)
    patches = tuple(p.model_copy(update={"id": 0, "photo_id": ids[p.photo_id]}) for p in concept.patches)
    return plain(concept).model_copy(update={"id": "", "photos": photos, "patches": patches})


def test_there_and_back_is_the_same(home: Path, archive: Path, tmp_path: Path) -> None:
    manifest = import_owner(tmp_path / "again", archive)
    assert manifest.owner == "ana"
    with OwnerStore.open(home, "ana") as old, OwnerStore.open(tmp_path / "again", "ana") as new:
        assert told(new) == told(old)
        assert list(new.verify(deep=True)) == []
        assert [c.updated for c in new.list()] == sorted(c.updated for c in new.list())
        assert new.get_segment(new.get("Bo").id, "f") is None
        # The same bytes again: nothing depends on the home, on the clock or on chance.
        new.export(tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()
    with OwnerStore.open(tmp_path / "again", "ben") as other:
        assert other.list() == []


def test_into_another_owner_everything_is_keyed_anew(home: Path, archive: Path) -> None:
    import_owner(home, archive, owner="cleo")
    with OwnerStore.open(home, "ana") as old, OwnerStore.open(home, "cleo") as new:
        assert told(new, same=False) == told(old, same=False)
        ids = [{c.id for c in s.list()} | {p.id for c in s.list() for p in c.photos} for s in (old, new)]
        assert not ids[0] & ids[1]
        mine, theirs = (items_of(s)[0].draft.value for s in (new, old))
        bo = new.get("Bo")
        assert mine == {**theirs, "see": f"photo:{bo.photos[0].id}"}
        assert new.photo(bo.photos[0].id) == old.photo(old.get("Bo").photos[0].id)
        old.delete_owner()
        assert len(new.list()) == 4
        assert list(new.verify(deep=True)) == []


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seeds=st.lists(st.integers(0, 40), max_size=3, unique=True),
    values=st.lists(
        st.dictionaries(
            st.text(max_size=5),
            st.none() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
            max_size=3,
        ),
        max_size=3,
    ),
    photos=st.integers(0, 3),
    dim=st.integers(1, 9),
)
def test_any_owner_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    seeds: list[int],
    values: list[dict[str, object]],
    photos: int,
    dim: int,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with OwnerStore.open(folder / "a", "ana") as old:
        for seed in seeds:
            old.add_concept(portrait(f"Name {seed}", seed, photos=photos, dim=dim))
        for number, value in enumerate(values):
            put(old, ("n", str(number % 2)), str(number), value)
        if not seeds and not values:
            with pytest.raises(SettingError, match="nothing of 'ana' to export"):
                old.export(folder / "x")
            assert [path.name for path in folder.iterdir()] == ["a"]
            return
        old.export(folder / "x")
        import_owner(folder / "b", folder / "x")
        with OwnerStore.open(folder / "b", "ana") as new:
            assert told(new) == told(old)


def test_a_home_that_is_read_only_can_export(home: Path, archive: Path, tmp_path: Path) -> None:
    with OwnerStore.open(home, "ana", read_only=True) as store:
        store.export(tmp_path / "second")
        with OwnerArchive(archive) as opened, pytest.raises(HomeReadOnlyError):
            store.import_from(opened)
    assert (tmp_path / "second").read_bytes() == archive.read_bytes()


def test_what_was_forgotten_is_in_no_export(home: Path, tmp_path: Path) -> None:
    with OwnerStore.open(home, "ana") as store:
        store.forget("Bo")
        store.export(tmp_path / "x")
        names = [concept.name for concept in store.list()]
    with OwnerArchive(tmp_path / "x") as opened:
        assert [read.concept.name for read in opened.concepts()] == names


def test_only_an_owner_who_has_nothing(home: Path, archive: Path, tmp_path: Path) -> None:
    before = files_of(home)
    with pytest.raises(SettingError, match=r"'ben' has 1 concepts and 0 items already; .*--owner"):
        import_owner(home, archive, owner="ben")
    with OwnerStore.open(home, "ivy") as store:
        put(store, ("a",), "k", {})
    with pytest.raises(SettingError, match="'ivy' has 0 concepts and 1 items"):
        import_owner(home, archive, owner="ivy")
    assert {n for n in files_of(home) if n.startswith("blobs")} == {
        n for n in before if n.startswith("blobs")
    }
    with pytest.raises(SettingError, match="an owner must be"):
        import_owner(home, archive, owner="../x")


def test_a_name_that_is_taken_is_not_written_over(home: Path, archive: Path, tmp_path: Path) -> None:
    data = archive.read_bytes()
    with OwnerStore.open(home, "ana") as store:
        with pytest.raises(SettingError, match="is there already"):
            store.export(archive)
        with pytest.raises(SettingError, match="no folder"):
            store.export(tmp_path / "nowhere" / "x")
    assert archive.read_bytes() == data
    with pytest.raises(SettingError, match="there is no archive"):
        OwnerArchive(tmp_path / "nothing")


def test_a_damaged_photo_is_told_and_nothing_is_written(home: Path, tmp_path: Path) -> None:
    with OwnerStore.open(home, "ana") as store:
        blob = store._catalogue.photo("ana", store.get("Bo").photos[1].id)
        assert blob is not None
        path = store._blobs.path(blob[1])  # type: ignore[attr-defined]
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        with pytest.raises(CorruptRecordError, match="a photo of 'Bo' is damaged, so nothing is exported"):
            store.export(tmp_path / "x")
    assert {path.name for path in tmp_path.iterdir()} == {"home"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_an_export_that_is_killed_leaves_no_half(home: Path, archive: Path, tmp_path: Path) -> None:
    folder, kills = tmp_path / "out", 0
    for point in itertools.count(1):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        child = os.fork()
        if child == 0:
            patched(point)()
            with OwnerStore.open(home, "ana", read_only=True) as store:
                store.export(folder / "x")
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        there = (folder / "x").exists()
        assert there or killed
        assert not there or (folder / "x").read_bytes() == archive.read_bytes()
        kills += killed
        if not killed:
            break
    assert kills > 1


def test_a_quota_stops_an_import_and_nothing_is_left(home: Path, archive: Path) -> None:
    with OwnerStore.open(home, "new", quota=Quota(concepts=3)) as store, OwnerArchive(archive) as opened:
        before = {name for name in files_of(home) if name.startswith("blobs")}
        with pytest.raises(QuotaError, match="3 concepts, there are 0, and it would be 4"):
            store.import_from(opened)
        assert store.list() == []
        assert items_of(store) == []
        assert {name for name in files_of(home) if name.startswith("blobs")} == before
