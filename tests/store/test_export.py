"""What is exported and imported is what was there, and an archive that is not sound changes nothing."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.faults.kill_points import patched
from jarvis_memory.concept import Concept
from jarvis_memory.store import OwnerStore, Quota, import_owner
from jarvis_memory.store.archive import ArchiveWriter
from jarvis_memory.store.archived import plain
from jarvis_memory.store.importing import OwnerArchive
from jarvis_memory.store.manifest import Counts
from jarvis_retrievers.errors import (
    CorruptRecordError,
    HomeFormatError,
    HomeReadOnlyError,
    JarvisError,
    QuotaError,
    SettingError,
)
from tests.store.portraits import files_of, items_of, portrait, put


def full(store: OwnerStore) -> list[Concept]:
    """Three concepts, items, a segment, vectors of texts and a snapshot."""
    made = [store.add_concept(portrait(name, seed)) for seed, name in enumerate(("Bo", "Mia", "Łódź"))]
    made.append(store.add_concept(portrait("Words", 9, photos=0, patches=0)))
    store.put_segment(made[0].id, "f", b"SEGMENT")
    store.put_snapshot("e", b"SNAPSHOT")
    store.put_texts(made[1].id, made[1].updated, "e:1", np.array([[1.5, -0.0, 6e-8]], np.float16))
    put(store, ("a", "b"), "k", {"see": f"photo:{made[0].photos[0].id}", "also": [f"photo:{'0' * 32}", 1.5]})
    put(
        store,
        ("a",),
        "half \ud800",
        {"\udfff": None},
        kinds="ti",
        vectors=np.array([[1, -0.0], [1e-40, 3]], np.float32),
    )
    put(store, ("ttl",), "k", {}, ttl=1e6, fields=("x",), encoder="e")
    return made


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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana") as store:
        full(store)
    with OwnerStore.open(home, "ben") as store:
        store.add_concept(portrait("Bo", 5))
    return home


@pytest.fixture
def archive(home: Path, tmp_path: Path) -> Path:
    with OwnerStore.open(home, "ana") as store:
        manifest = store.export(tmp_path / "ana.tar")
    assert manifest.counts == Counts(concepts=4, photos=6, patches=9, vectors=9 + _profiles(), items=3)
    return tmp_path / "ana.tar"


def _profiles() -> int:
    drafts = [portrait("x", seed) for seed in range(3)] + [portrait("x", 9, photos=0, patches=0)]
    return sum(len(d.profile_vectors) for d in drafts if d.profile_vectors is not None)


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


def test_every_flipped_bit_and_every_cut_is_refused(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        store.add_concept(portrait("Bo", 1, photos=1, patches=1))
        put(store, ("a",), "k", {"v": 1})
        store.export(tmp_path / "x")
    data = (tmp_path / "x").read_bytes()
    numbers = np.random.default_rng(7)
    bad = tmp_path / "bad"
    # Every byte of all headers, of padding and of the end is in one of these.
    places = {*range(0, len(data), 37), *numbers.integers(0, len(data), 200).tolist()}
    for place in sorted(places):
        bad.write_bytes(
            data[:place] + bytes([data[place] ^ 1 << int(numbers.integers(8))]) + data[place + 1 :]
        )
        with pytest.raises((CorruptRecordError, HomeFormatError), match=r"bad|format"):
            OwnerArchive(bad)
    for length in (*range(0, len(data), 512), len(data) - 1):
        bad.write_bytes(data[:length])
        with pytest.raises(CorruptRecordError, match=r"cannot be imported.*nothing was changed"):
            OwnerArchive(bad)
    bad.write_bytes(data + b"\0")
    with pytest.raises(CorruptRecordError, match="behind its end"):
        OwnerArchive(bad)


def rewritten(
    archive: Path, to: Path, change: Mapping[str, bytes | None], said_too: Mapping[str, object] | None = None
) -> Path:
    """An archive whose digests are right, with other entries."""
    entries = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            entries[member.name] = file.read()
    said = json.loads(entries.pop("manifest.json"))
    for name, data in change.items():
        entries.pop(name, None)
        if data is not None:
            entries[name] = data
    said.pop("sha256")
    said["entries"] = [[n, len(d), hashlib.sha256(d).hexdigest()] for n, d in entries.items()]
    said |= said_too or {}

    def text() -> bytes:
        return json.dumps(said, separators=(",", ":")).encode()

    said["sha256"] = hashlib.sha256(text()).hexdigest()
    with tarfile.open(to, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in [*entries.items(), ("manifest.json", text())]:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o600
            tar.addfile(info, io.BytesIO(data))
    # Python pads a tar file to 10 KiB, a writer of archives does not.
    to.write_bytes(to.read_bytes().rstrip(b"\0"))
    data = to.read_bytes()
    to.write_bytes(data + bytes(-len(data) % 512) + bytes(1024))
    return to


def entry(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


def test_the_same_entries_written_by_another_program_pass(archive: Path, tmp_path: Path) -> None:
    with OwnerArchive(rewritten(archive, tmp_path / "y", {})) as opened:
        assert opened.manifest.counts.concepts == 4


HOSTILE: dict[str, dict[str, bytes | None]] = {
    "a name that leads out": {"../../evil.json": b"{}"},
    "an absolute name": {"/etc/passwd": b"x"},
    "an unknown kind": {"code/000000.json": b"{}"},
    "one entry more": {"photos/000000-0009.png": b"x"},
    "a concept less": {"concepts/000000.json": None},
    "no vectors": {"vectors/000000.f16": b""},
    "vectors that are not finite": {"vectors/000000.f16": np.full(100, np.nan, "<f2").tobytes()},
    "no JSON": {"concepts/000000.json": b"{"},
    "deep JSON": {"items/000000.json": b"[" * 100_000},
    "a photo that is none": {"photos/000000-0000.png": b"\x89PNG\r\n\x1a\n" + b"x" * 99},
    "code": {"photos/000000-0000.png": b"cos\nsystem\n(S'touch x'\ntR."},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_changes_nothing(what: str, home: Path, archive: Path, tmp_path: Path) -> None:
    bad = rewritten(archive, tmp_path / "bad", HOSTILE[what])
    before = files_of(home)
    with pytest.raises(CorruptRecordError, match="nothing was changed"):
        import_owner(home, bad, owner="new")
    with pytest.raises(CorruptRecordError, match="nothing was changed"):
        import_owner(tmp_path / "fresh", bad)
    assert not (tmp_path / "fresh").exists()
    assert files_of(home) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"name":"Bo"', b'"name":"B\\u202eo"'),
        (b'"name":"Bo"', b'"name":" Bo"'),
        (b'"name":"Bo"', b'"name":"<|im_start|>"'),
        (b'"left":0', b'"left":-1'),
        (b'"right":8', b'"right":8000'),
        (b'"created_at":"2', b'"created_at":"x'),
        (b'"owner":""', b'"owner":"ben"'),
        (b'"id":"', b'"id":"../'),
        (b'"width":16', b'"width":17'),
    ],
)
def test_a_concept_that_could_not_be_remembered_is_refused(
    old: bytes, new: bytes, archive: Path, tmp_path: Path
) -> None:
    name = "concepts/000000.json"
    text = entry(archive, name)
    assert old in text
    bad = rewritten(archive, tmp_path / "bad", {name: text.replace(old, new, 1)})
    with pytest.raises(CorruptRecordError, match="nothing was changed"):
        OwnerArchive(bad)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 2}, HomeFormatError),
        ({"format": 0}, CorruptRecordError),
        ({"archive": "other"}, CorruptRecordError),
        ({"owner": "a/b"}, CorruptRecordError),
        (
            {"counts": {"concepts": 10**9, "photos": 6, "patches": 9, "vectors": 1, "items": 3}},
            CorruptRecordError,
        ),
        ({"counts": {"concepts": -1}}, CorruptRecordError),
        ({"entries": []}, CorruptRecordError),
        ({"entries": [["a"]]}, CorruptRecordError),
    ],
)
def test_a_manifest_that_lies_is_refused(
    change: dict[str, object], error: type[JarvisError], archive: Path, tmp_path: Path
) -> None:
    with pytest.raises(error):
        OwnerArchive(rewritten(archive, tmp_path / "bad", {}, change))


def test_a_header_that_promises_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("items/000000.json")
    info.size, info.mode = (8 << 30) - 1, 0o600
    (tmp_path / "bad").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2048))
    with pytest.raises(CorruptRecordError, match="none that `jarvis export` writes"):
        OwnerArchive(tmp_path / "bad")
    for kind in (tarfile.SYMTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.DIRTYPE):
        info.size, info.type, info.linkname = 512, kind, "/etc/passwd"
        (tmp_path / "bad").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2048))
        with pytest.raises(CorruptRecordError, match="none that `jarvis export` writes"):
            OwnerArchive(tmp_path / "bad")


def test_an_entry_that_is_too_large_is_not_written(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "x") as writer, pytest.raises(JarvisError, match="an archive takes"):
        writer.put("concepts/000000.json", bytes(9 << 20))
    assert list(tmp_path.iterdir()) == []


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
