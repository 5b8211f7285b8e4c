from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from jarvis_memory.store import ConceptDraft, OwnerStore
from jarvis_retrievers.errors import StoreError
from tests.store.drafts import draft

PIXELS = b"\x89PIXELS-of-the-marker"


def planted(number: int, words: int) -> tuple[ConceptDraft, list[bytes]]:
    """A concept with a marker in every field, and the byte strings that must be gone afterwards."""
    marker = f"Qzj{number:05d}Marker"
    base = draft(marker, number)
    value = ConceptDraft(
        name=marker,
        aliases=(f"{marker} Alias",),
        category=f"{marker} kind",
        notes=(f"Born near {marker}. " * words,),
        photos=[
            (PIXELS + b"%05d" % number + photo.data, f"{marker}-digest", 64, 48)
            for photo in base.checked_photos
        ],
        patches=base.patches,
        profile_vectors=base.profile_vectors,
    )
    vectors = np.stack([patch.vector for patch in value.patches]).astype("<f2")
    needles = [marker.encode(), marker.casefold().encode(), PIXELS + b"%05d" % number]
    return value, needles + [vector.tobytes() for vector in vectors]


def left(home: Path, needles: list[bytes]) -> list[tuple[str, bytes]]:
    data = {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    return [(name, needle) for name, content in data.items() for needle in needles if needle in content]


@pytest.mark.parametrize("seed", range(3))
def test_no_byte_is_left(tmp_path: Path, seed: int) -> None:
    numbers = random.Random(seed)
    with OwnerStore.open(tmp_path, "ana") as store, OwnerStore.open(tmp_path, "ben") as other:
        concepts = {number: planted(number, numbers.choice((1, 40, 400))) for number in range(100, 112)}
        for value, _ in concepts.values():
            concept = store.add_concept(value)
            store.put_segment(concept.id, "f", PIXELS + value.name.encode())
        other.add_concept(draft())
        for number in numbers.sample(sorted(concepts), 8):
            value, needles = concepts[number]
            assert {needle for _, needle in left(tmp_path, needles)} == set(needles)
            store.forget(value.name)
            assert left(tmp_path, needles) == []
        assert len(store.list()) == 4
        for concept in store.list():
            assert store.photo(concept.photos[0].id).startswith(PIXELS)
        assert other.get("Bo").name == "Bo"


def test_no_byte_is_left_of_what_was_replaced_before(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        value, needles = planted(1, 300)
        concept = store.add_concept(value)
        store.replace_concept(concept.id, draft("Bo"))
        store.forget("Bo")
        assert left(tmp_path, needles) == []


def test_the_file_is_written_anew(tmp_path: Path) -> None:
    """Zeroing deleted cells is not enough (rows move within pages), so it must not be what this rests on."""
    with OwnerStore.open(tmp_path, "ana") as store:
        store._catalogue._db._conn.execute("PRAGMA secure_delete = OFF")  # type: ignore[attr-defined]
        value, needles = planted(1, 300)
        store.add_concept(value)
        store.add_concept(draft())
        store.forget(value.name)
        assert left(tmp_path, needles) == []


def test_delete_owner_leaves_no_byte(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "owner-ana") as store, OwnerStore.open(tmp_path, "ben") as other:
        value, needles = planted(1, 300)
        concept = store.add_concept(value)
        store.put_segment(concept.id, "f", PIXELS)
        kept = other.add_concept(draft())
        # A file that a killed process left has no row, and must go too.
        store._blobs.put("owner-ana", "photo", PIXELS)
        key = store._catalogue.owner_key("owner-ana")
        assert key is not None
        store.delete_owner()
        assert left(tmp_path, [*needles, PIXELS, b"owner-ana", key]) == []
        assert other.list() == [kept]
        assert store.add_concept(draft()).name == "Bo"
        assert store._catalogue.owner_key("owner-ana") != key


def test_a_reader_in_the_way_is_told_and_swept_later(tmp_path: Path) -> None:
    with (
        OwnerStore.open(tmp_path, "ana", busy_timeout=0.05) as store,
        OwnerStore.open(tmp_path, "ana", busy_timeout=0.05) as reader,
    ):
        value, needles = planted(1, 300)
        store.add_concept(value)
        with reader._catalogue._db.read() as connection:  # type: ignore[attr-defined]
            connection.execute("SELECT COUNT(*) FROM concepts").fetchone()
            with pytest.raises(StoreError, match=r"another process is reading.*sweep"):
                store.forget(value.name)
        assert store.list() == reader.list() == []
        assert left(tmp_path, needles) != []
        store.sweep()
        assert left(tmp_path, needles) == []


def test_opening_finishes_or_warns(tmp_path: Path) -> None:
    value, needles = planted(1, 300)
    with OwnerStore.open(tmp_path, "ana") as store:
        concept = store.add_concept(value)
        store._catalogue.tombstone("ana", concept.id)
    with OwnerStore.open(tmp_path, "ben") as holder, holder._catalogue._db.write():  # type: ignore[attr-defined]
        with pytest.warns(RuntimeWarning, match="could not be finished"):
            blocked = OwnerStore.open(tmp_path, "ana", busy_timeout=0.05)
        assert blocked.list() == []
        blocked.close()
    with OwnerStore.open(tmp_path, "ana") as store:
        assert left(tmp_path, needles) == []
        assert store.list() == []
