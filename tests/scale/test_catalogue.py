from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.postgres_server import Server
from jarvis_memory.store import Catalogue, FileBlobStore, FileSegmentCache, SegmentCache
from jarvis_memory.store.postgres import Cluster, PostgresCatalogue
from jarvis_retrievers.errors import CorruptRecordError, InputError, StoreError
from tests.scale.conftest import admin
from tests.store.conformance import CatalogueConformance, rows
from tests.store.test_segments import Stored


@pytest.fixture
def catalogue(database: str) -> Iterator[PostgresCatalogue]:
    catalogue = PostgresCatalogue(Cluster(database))
    yield catalogue
    catalogue.close()


class TestPostgres(CatalogueConformance):
    @pytest.fixture
    def catalogue(self, database: str) -> Iterator[Catalogue]:
        catalogue = PostgresCatalogue(Cluster(database))
        yield catalogue
        catalogue.close()


class TestSegments(Stored):
    @pytest.fixture
    def catalogue(self, database: str) -> Iterator[Catalogue]:
        catalogue = PostgresCatalogue(Cluster(database))
        yield catalogue
        catalogue.close()

    @pytest.fixture
    def segments(self, catalogue: Catalogue, tmp_path: Path) -> SegmentCache:
        return FileSegmentCache(catalogue, FileBlobStore(tmp_path))


def test_vectors_of_texts(catalogue: PostgresCatalogue) -> None:
    one, two = (catalogue.add("ana", rows("ana", number)) for number in (1, 2))
    vectors = np.array([[0.1, -0.0, 65504.0], [6e-8, 1.0, -2.5]], np.float16)
    assert catalogue.put_texts("ana", one.id, one.updated, "a", vectors)
    assert catalogue.put_texts("ana", two.id, two.updated, "b", vectors[:1])
    assert not catalogue.put_texts("ana", two.id, two.updated - 1, "b", vectors)
    assert not catalogue.put_texts("ben", one.id, one.updated, "a", vectors)
    assert set(catalogue.texts("ana", None)) == {one.id, two.id}
    found = catalogue.texts("ana", "a", [one.id, two.id, "nobody"])
    assert set(found) == {one.id}
    assert found[one.id].tobytes() == vectors.astype(np.float32).tobytes()  # to the last bit, -0.0 too
    assert catalogue.texts("ana", "a", [two.id]) == {}
    assert catalogue.vectors("ana").matrix.shape == (8, 8)
    again, _ = catalogue.replace("ana", rows("ana", 1))
    assert set(catalogue.texts("ana", None)) == {two.id}
    assert catalogue.put_texts("ana", one.id, again.updated, "a", vectors)
    assert catalogue.put_texts("ana", one.id, again.updated, "a", vectors[:0])
    assert set(catalogue.texts("ana", None)) == {two.id}


def test_snapshots_and_owners(catalogue: PostgresCatalogue) -> None:
    blobs = rows("ana", 5, photos=2).blobs
    assert catalogue.put_snapshot("ana", "s", blobs[0]) == (blobs[0],)
    catalogue.add("ana", rows("ana", 1))
    assert catalogue.put_snapshot("ana", "s", blobs[0]) == ()
    assert catalogue.put_snapshot("ana", "s", blobs[1]) == (blobs[0],)
    assert catalogue.snapshots("ana") == {"s": blobs[1]}
    assert catalogue.snapshots("ben") == {}
    assert blobs[1].id in catalogue.live_blobs()
    assert catalogue.drop_snapshots("ana") == (blobs[1],)
    catalogue.add("ben", rows("ben", 2))
    assert catalogue.owners() == ("ana", "ben")


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE jarvis.concepts SET body = replace(body, 'shiba', 'husky')", "concepts"),
        ("UPDATE jarvis.concepts SET updated = updated + 1", "concepts"),
        ("UPDATE jarvis.photos SET width = 65", "photos"),
        ("DELETE FROM jarvis.photos WHERE position = 1", "photos"),
        ("UPDATE jarvis.patches SET score = score + 1e-12", "patches"),
        ("DELETE FROM jarvis.patches WHERE position = 0", "patches"),
        ("UPDATE jarvis.vectors SET data = '[1,0,0,0,0,0,0,0]' WHERE id % 65536 = 1", "vectors"),
        ("DELETE FROM jarvis.vectors WHERE id % 65536 = 2", "vectors"),
        ("UPDATE jarvis.vectors SET data = '[1,0,0]' WHERE id % 65536 = 1", "vectors"),
        ("DELETE FROM jarvis.lots WHERE kind = 'profiles'", "vectors"),
        ("UPDATE jarvis.segments SET tokens = 9", "segments"),
        ("UPDATE jarvis.settings SET value = 'x'", "settings"),
    ],
)
def test_damage_is_noticed(catalogue: PostgresCatalogue, server: Server, change: str, table: str) -> None:
    concept = catalogue.add("ana", rows("ana", 1))
    FileSegmentCache(catalogue, blobs := FileBlobStore(server.data.parent / "blobs")).put(
        "ana", concept.id, "f", b"1"
    )
    catalogue.put_setting("kv", "int8")
    reads = {
        "vectors": lambda: catalogue.vectors("ana"),
        "segments": lambda: catalogue.segment("ana", concept.id, "f"),
        "settings": lambda: catalogue.setting("kv"),
    }
    read = reads.get(table, lambda: catalogue.concept("ana", concept.id))
    assert read() is not None
    with admin(server, "home") as connection:
        assert connection.execute(change).rowcount > 0
    with pytest.raises(CorruptRecordError):
        read()
    # It can be given up all the same.
    blobs.delete("ana", catalogue.tombstone("ana", concept.id))
    with admin(server, "home") as connection:
        connection.execute("UPDATE jarvis.concepts SET live = 0")
    catalogue.erase("ana", [concept.id])
    assert catalogue.concepts("ana") == ()
    assert catalogue.vectors("ana").ids.size == 0


def test_what_postgresql_cannot_hold_changes_nothing(catalogue: PostgresCatalogue) -> None:
    with pytest.raises(InputError, match="NUL"):
        catalogue.put_setting("kv", "a\0b")
    catalogue.add("ana", rows("ana", 1))
    with pytest.raises(InputError, match=r"65536 vectors.*got 65537"):
        catalogue.add("ana", rows("ana", 2, patches=0, profiles=65_537, dim=8))
    assert len(catalogue.concepts("ana")) == 1


def test_a_closed_catalogue_says_so(database: str) -> None:
    catalogue = PostgresCatalogue(Cluster(database))
    assert catalogue.cluster.shared()
    other = PostgresCatalogue(catalogue.cluster)
    catalogue.close()
    catalogue.close()
    assert other.concepts("ana") == ()
    other.close()
    assert not other.cluster.shared()
    with pytest.raises(StoreError, match="is closed"):
        other.concepts("ana")
