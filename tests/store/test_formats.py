"""Homes of older formats are read, and brought up to date."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jarvis_memory.concept import Moment
from jarvis_memory.profiling import Description
from jarvis_memory.store import DraftPhoto, OwnerStore
from jarvis_memory.store.cipher import PLAIN
from jarvis_memory.store.contracts import VectorRows
from jarvis_memory.store.migration import kept
from jarvis_memory.store.rows import insert, select
from jarvis_memory.store.schema import FORMAT_VERSION
from jarvis_retrievers.errors import CorruptRecordError
from tests.store.drafts import DIM, draft
from tests.store.test_home import filled

# Up to format 2 every vector had a row of its own.
LEGACY = {"patches": "patch", "profiles": "profile"}


def aged(home: Path) -> None:
    """Make a home what format 1 was."""
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    connection.execute("DROP TABLE settings")
    found = connection.execute("SELECT id, owner, concept, kind, data FROM vectors").fetchall()
    connection.execute("DELETE FROM vectors")
    for first, owner, concept, kinds, data in found:
        for number in range(len(data) // (2 * DIM)):
            one = data[2 * DIM * number : 2 * DIM * (number + 1)]
            insert(connection, "vectors", (first + number, owner, concept, LEGACY[kinds], one), PLAIN)
    connection.execute("DROP TABLE rolls")
    connection.execute("UPDATE meta SET value = 1 WHERE key = 'format'")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def same_vectors(store: OwnerStore, wanted: VectorRows) -> None:
    found = store.vectors()
    assert (found.ids.tolist(), found.concept_ids, found.kinds) == (
        wanted.ids.tolist(),
        wanted.concept_ids,
        wanted.kinds,
    )
    assert np.array_equal(found.matrix, wanted.matrix)


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_a_lost_vector_of_a_home_of_format_1_is_noticed(tmp_path: Path, lost: int) -> None:
    home = filled(tmp_path / "home")
    aged(home)
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    connection.execute("DELETE FROM vectors WHERE id = (SELECT id FROM vectors LIMIT 1 OFFSET ?)", (lost,))
    connection.close()
    with OwnerStore.open(home, "ana") as store, pytest.raises(CorruptRecordError, match="are missing"):
        store.vectors()


def test_a_home_of_format_1_is_brought_up_to_date(tmp_path: Path) -> None:
    home = filled(tmp_path / "home")
    with OwnerStore.open(home, "ana") as store:
        before, vectors = store.list(), store.vectors()
    aged(home)
    with OwnerStore.open(home, "ana", read_only=True) as store:
        assert store.list() == before
        same_vectors(store, vectors)
        assert store.setting("kv") is None
    with OwnerStore.open(home, "ana") as store:
        assert store.list() == before
        same_vectors(store, vectors)
        assert store.get_segment(before[0].id, "f") == b"segment"
        store.put_setting("kv", "int8")
        added = store.add_concept(draft("Mia", 1))
        assert list(store.vectors().concept_ids).count(added.id) == 4
    with OwnerStore.open(home, "ana") as store:
        assert store.setting("kv") == "int8"


@pytest.mark.parametrize("missing", ["description", "edits", "history", "moments"])
def test_a_record_from_before_a_field_is_read(tmp_path: Path, missing: str) -> None:
    home = filled(tmp_path / "home")
    with OwnerStore.open(home, "ana") as store:
        before = store.list()
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    found = select(connection, "concepts", "1", ())
    connection.execute("DELETE FROM concepts")
    for *head, text in found:
        body = json.loads(text)
        del body[missing]
        insert(connection, "concepts", (*head, json.dumps(body)), PLAIN)
    connection.close()
    with OwnerStore.open(home, "ana") as store:
        assert store.list() == before


def test_a_description_is_kept(tmp_path: Path) -> None:
    said = Description(category="cat", caption="A cat.", attributes=("ear: black",), facts=("It purrs.",))
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        added = store.add_concept(replace(draft("Bo"), description=said))
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        assert store.get("Bo") == added
        assert store.get("Bo").description == said


MOMENT = Moment(video="ab" * 32, seconds=1.5)


def test_a_home_of_format_3_is_brought_up_to_date(tmp_path: Path) -> None:
    home = filled(tmp_path / "home")
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    found = select(connection, "concepts", "1", ())
    connection.execute("DELETE FROM concepts")
    for *head, text in found:
        insert(connection, "concepts", (*head, json.dumps({**json.loads(text)} | {"moments": []})), PLAIN)
    connection.execute("DROP TABLE rolls")
    connection.execute("UPDATE meta SET value = 3 WHERE key = 'format'")
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    with OwnerStore.open(home, "ana", read_only=True) as store:
        before = store.list()
        assert [photo.moment for photo in before[0].photos] == [None] * len(before[0].photos)
    with OwnerStore.open(home, "ana") as store:
        assert store.list() == before
        assert store.get_segment(before[0].id, "f") == b"segment"
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT_VERSION,)
    assert connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == (FORMAT_VERSION,)
    connection.close()


def test_a_catalogue_is_kept_until_something_is_forgotten(tmp_path: Path) -> None:
    home = filled(tmp_path / "home")
    aged(home)
    (home / "catalogue.sqlite-format-1-new").write_bytes(b"of a process that was killed")
    before = sqlite3.connect(home / "catalogue.sqlite")
    rows = list(before.iterdump())
    before.close()
    with OwnerStore.open(home, "ana", read_only=True):
        assert not kept(home / "catalogue.sqlite")[:-1]
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft("Mia", 1))
    copy = home / "catalogue.sqlite-format-1"
    assert kept(home / "catalogue.sqlite") == [copy]
    assert copy.stat().st_mode & 0o777 == 0o600
    old = sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)
    assert list(old.iterdump()) == rows
    assert old.execute("PRAGMA user_version").fetchone() == (1,)
    old.close()
    with OwnerStore.open(home, "ana") as store:
        store.forget("Mia")
    assert kept(home / "catalogue.sqlite") == []


def test_where_a_photo_is_from_is_kept(tmp_path: Path) -> None:
    plain = draft("Bo", 3)
    photos = [DraftPhoto(*photo[:4], MOMENT if place else None) for place, photo in enumerate(plain.photos)]
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        added = store.add_concept(replace(plain, photos=photos))
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        assert store.get("Bo") == added
        assert [photo.moment for photo in added.photos] == [photo.moment for photo in photos]
        assert added.photos[1].moment == MOMENT
        again = store.replace_concept(added.id, plain)
        assert not again.moments


def test_moments_of_another_number_of_photos_are_damage(tmp_path: Path) -> None:
    home = filled(tmp_path / "home")
    connection = sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)
    found = select(connection, "concepts", "1", ())
    connection.execute("DELETE FROM concepts")
    for *head, text in found:
        wrong = json.loads(text) | {"moments": [MOMENT.model_dump()] * 9}
        insert(connection, "concepts", (*head, json.dumps(wrong)), PLAIN)
    connection.close()
    with (
        OwnerStore.open(home, "ana") as store,
        pytest.raises(CorruptRecordError, match="moments of 9"),
    ):
        store.list()
