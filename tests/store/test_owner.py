from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from jarvis_memory.store import (
    BlobRef,
    ConceptDraft,
    FileBlobStore,
    MemoryBlobStore,
    MemoryCatalogue,
    MemorySegmentCache,
    OwnerStore,
)
from jarvis_retrievers.errors import (
    ConceptNameError,
    CorruptRecordError,
    DuplicateConceptError,
    InputError,
    SettingError,
    UnknownConceptError,
)
from tests.store.drafts import draft, matrix_of

Opener = Callable[[str], OwnerStore]

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["files", "memory", "memory and its own segments"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    stores: list[OwnerStore] = []
    catalogue, blobs, segments = MemoryCatalogue(), MemoryBlobStore(), MemorySegmentCache()

    def open_store(owner: str) -> OwnerStore:
        if request.param == "files":
            stores.append(OwnerStore.open(tmp_path / "home", owner))
        else:
            own = segments if request.param != "memory" else None
            stores.append(OwnerStore(owner, catalogue, blobs, own))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


def test_remember_and_read(opened: Opener) -> None:
    store = opened("ana")
    given = draft(aliases=("Bobo", "bo", "BOBO"), notes=("My shiba.", "Loves noodles."))
    concept = store.add_concept(given)
    assert (concept.owner, concept.name, concept.aliases, concept.category) == (
        "ana",
        "Bo",
        ("BOBO",),
        "shiba",
    )
    assert concept.about == ("My shiba.", "Loves noodles.")
    assert concept.profile.facts == ("Bo is my shiba.", "Bo loves noodles.")
    assert concept.encoder == "test"
    assert [p.photo_id for p in concept.patches] == [concept.photos[n % 2].id for n in range(3)]
    assert store.get("bo") == store.get(" BOBO ") == store.find(concept.id) == concept
    assert store.list() == [concept]
    assert [store.photo(p.id) for p in concept.photos] == [p.data for p in given.checked_photos]
    np.testing.assert_array_equal(store.vectors().matrix, matrix_of(given))
    assert store.usage() == (1200, 4 * 8 * 2, 0)
    assert store.nbytes() == 1264


def test_a_name_wins_over_an_alias(opened: Opener) -> None:
    store = opened("ana")
    store.add_concept(draft("Mia", 1, aliases=("Bo", "Mi")))
    store.add_concept(draft("Bo", 2))
    store.add_concept(draft("Mimi", 3, aliases=("Mi",)))
    assert store.get("Bo").name == "Bo"
    with pytest.raises(UnknownConceptError, match=r"alias of several concepts .'Mia', 'Mimi'"):
        store.get("mi")


def test_unknown_names_get_close_ones(opened: Opener) -> None:
    store = opened("ana")
    with pytest.raises(UnknownConceptError, match="none yet"):
        store.get("Bo")
    store.add_concept(draft("Bolero", 1, aliases=("Hound",)))
    with pytest.raises(UnknownConceptError, match=r"did you mean 'Bolero'\?"):
        store.get("Bolro")
    with pytest.raises(UnknownConceptError, match=r"did you mean 'Bolero'\?"):
        store.get("Houndy")
    with pytest.raises(UnknownConceptError, match="there are 1, such as 'Bolero'"):
        store.get("Xyzzy")
    with pytest.raises(UnknownConceptError):
        store.find("0" * 32)
    with pytest.raises(UnknownConceptError):
        store.photo("0" * 32)
    with pytest.raises(UnknownConceptError):
        store.replace_concept("0" * 32, draft())
    assert store.usage().photos == 1200


def test_duplicates_change_nothing(opened: Opener) -> None:
    store = opened("ana")
    concept = store.add_concept(draft())
    with pytest.raises(DuplicateConceptError, match="'BO'"):
        store.add_concept(draft("BO", 1))
    assert store.list() == [concept]
    assert store.sweep(0) == 0


def test_replace(opened: Opener) -> None:
    store = opened("ana")
    old = store.add_concept(draft())
    store.add_concept(draft("Mia", 4))
    assert store.put_segment(old.id, "f", b"segment", updated=old.updated)
    given = draft("Bodo", 9, photos=1)
    new = store.replace_concept(old.id, given)
    assert (new.id, new.created, new.name) == (old.id, old.created, "Bodo")
    assert new.updated > old.updated
    assert [store.photo(p.id) for p in new.photos] == [p.data for p in given.checked_photos]
    for photo in old.photos:
        with pytest.raises(UnknownConceptError):
            store.photo(photo.id)
    with pytest.raises(DuplicateConceptError):
        store.replace_concept(old.id, draft("mia", 5))
    assert store.get("Bodo") == new
    assert store.sweep(0) == 0


def test_segments(opened: Opener) -> None:
    store = opened("ana")
    concept = store.add_concept(draft())
    assert store.get_segment(concept.id, "f") is None
    assert store.put_segment(concept.id, "f", b"segment", tokens=7)
    assert store.get_segment(concept.id, "f") == b"segment"
    assert store.usage().segments == 7
    assert store.drop_segments(concept.id) == 1
    assert store.get_segment(concept.id, "f") is None


def test_forget(opened: Opener) -> None:
    store = opened("ana")
    concept = store.add_concept(draft(aliases=("Bobo",)))
    kept = store.add_concept(draft("Mia", 1))
    store.put_segment(concept.id, "f", b"segment")
    assert store.forget("bobo") == concept
    with pytest.raises(UnknownConceptError):
        store.forget("Bo")
    with pytest.raises(UnknownConceptError):
        store.photo(concept.photos[0].id)
    assert store.get_segment(concept.id, "f") is None
    assert store.list() == [kept]
    assert set(store.vectors().concept_ids) == {kept.id}
    assert store.usage() == (1200, 64, 0)
    assert store.sweep(0) == 0
    assert store.add_concept(draft()).id != concept.id


def test_two_owners_with_the_same_names(opened: Opener) -> None:
    hers, his = opened("ana"), opened("ben")
    one, two = hers.add_concept(draft()), his.add_concept(draft())
    assert one.id != two.id
    assert hers.get("Bo") == one
    assert his.get("Bo") == two
    assert not set(hers.vectors().ids) & set(his.vectors().ids)
    with pytest.raises(UnknownConceptError):
        his.photo(one.photos[0].id)
    with pytest.raises(UnknownConceptError):
        his.find(one.id)
    his.put_segment(two.id, "f", b"his")
    assert hers.get_segment(two.id, "f") is None
    his.erase(one.id)
    assert hers.get("Bo") == one
    his.delete_owner()
    assert his.list() == []
    assert his.nbytes() == 0
    assert hers.get("Bo") == one
    assert hers.photo(one.photos[0].id)
    assert hers.sweep(0) == 0


@pytest.mark.parametrize("owner", ["", " ", "a b", "a/b", "..\0", "ä", "x" * 129, "a\n", None, 7])
def test_no_store_without_an_owner(tmp_path: Path, owner: str) -> None:
    with pytest.raises(SettingError, match="owner must be"):
        OwnerStore.open(tmp_path / "home", owner)
    assert not (tmp_path / "home").exists()
    with pytest.raises(SettingError, match="owner must be"):
        OwnerStore(owner, MemoryCatalogue(), MemoryBlobStore())


def test_home(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft())
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        names = {path.name.split("-")[0] for path in home.iterdir()}
        assert names == {"catalogue.sqlite", "blobs", "reserve", "tmp"}
    kept = {"catalogue.sqlite", "catalogue.sqlite-witness", "blobs", "reserve", "tmp"}
    assert {path.name for path in home.iterdir()} == kept
    with pytest.raises(SettingError, match="must be a folder"):
        OwnerStore.open(home / "catalogue.sqlite", "ana")


def test_another_process_reads_what_was_written(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from jarvis_memory.store import OwnerStore\n"
        "from tests.store.drafts import draft\n"
        "store = OwnerStore.open(sys.argv[1], 'ana')\n"
        "concept = store.add_concept(draft(aliases=('Bobo',)))\n"
        "store.put_segment(concept.id, 'f', b'segment')\n"
        "print(concept.model_dump_json())\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.get("Bo")
        assert concept.model_dump_json() == out.strip()
        assert [store.photo(p.id) for p in concept.photos] == [p.data for p in draft().checked_photos]
        np.testing.assert_array_equal(store.vectors().matrix, matrix_of(draft()))
        assert store.get_segment(concept.id, "f") == b"segment"


def test_a_damaged_photo_is_named(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.add_concept(draft(photos=1))
        (path,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
        data = bytearray(path.read_bytes())
        data[200] ^= 4
        path.write_bytes(data)
        with pytest.raises(CorruptRecordError, match=f"photo of 'Bo'.*{path.name}"):
            store.photo(concept.photos[0].id)
        path.unlink()
        with pytest.raises(CorruptRecordError, match="missing"):
            store.photo(concept.photos[0].id)
        store.forget("Bo")
        assert store.list() == []


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"name": " "}, ConceptNameError, "empty"),
        ({"aliases": ("a\nb",)}, ConceptNameError, "U\\+000A"),
        ({"aliases": "Bobo"}, InputError, "list"),
        ({"notes": "Loves noodles."}, InputError, "list"),
        ({"notes": ("\ud800",)}, InputError, "half of a character"),
        ({"photos": [(b"", "d", 1, 1)]}, InputError, "encoded image"),
        ({"photos": [(b"x", "d", 0, 1)]}, InputError, "at least one pixel"),
        ({"photos": []}, InputError, "of photo 0"),
        ({"photos": [(b"x", "d", 4, 4)]}, InputError, "leaves its photo"),
        ({"profile_vectors": np.zeros(8)}, InputError, r"\(m, dim\)"),
        ({"profile_vectors": np.zeros((1, 7))}, InputError, r"same \(dim,\)"),
        ({"profile_vectors": np.full((1, 8), np.nan)}, InputError, "finite"),
        ({"profile_vectors": np.full((1, 8), 1e5)}, InputError, "16-bit"),
    ],
)
def test_a_draft_is_checked_first(change: dict[str, object], error: type[Exception], message: str) -> None:
    good = draft(photos=1, patches=1)
    fields = {"name": "Bo", "photos": good.photos, "patches": good.patches, **change}
    with pytest.raises(error, match=message):
        ConceptDraft(**fields)  # type: ignore[arg-type]


def test_orphans_of_a_failed_write_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        kept = store.add_concept(draft())

        def fail(*_: object, **__: object) -> BlobRef:
            raise OSError(5, "Input/output error")

        calls: Iterator[Callable[..., BlobRef]] = iter([FileBlobStore.put, fail])
        with monkeypatch.context() as patch:
            patch.setattr(FileBlobStore, "put", lambda *arguments, **named: next(calls)(*arguments, **named))
            with pytest.raises(OSError, match="Input/output"):
                store.add_concept(draft("Mia", 1))
        assert store.list() == [kept]
        assert store.sweep() == 0
        assert store.sweep(0) == 1
        assert [store.photo(p.id) for p in kept.photos] == [p.data for p in draft().checked_photos]
        with pytest.raises(SettingError, match="grace"):
            store.sweep(-1)
