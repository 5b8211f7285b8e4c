"""`PostgresIndex`: the conformance suite of indexes, and values against brute force."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from benchmarks.postgres_server import Server
from jarvis_memory.store.postgres import Cluster, PostgresCatalogue, PostgresIndex
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.index import FlatIndex, Rebuilt, VectorIndex
from tests.retrievers import test_index
from tests.retrievers.test_index import brute_force
from tests.scale.conftest import admin
from tests.store.conformance import rows

Make = Callable[[int], VectorIndex]


@pytest.fixture
def cluster(database: str) -> Iterator[Cluster]:
    cluster = Cluster(database)
    yield cluster
    cluster.close()


def unit(count: int, dim: int, seed: int = 0) -> np.ndarray:
    """Vectors that float16 holds exactly."""
    vectors = np.random.default_rng(seed).standard_normal((count, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)


class TestConformance(test_index.TestVectorIndexConformance):
    @pytest.fixture
    def make(self, cluster: Cluster) -> Make:
        return lambda dim: PostgresIndex(cluster, dim, space="loose")

    def test_search_equals_brute_force(self, make: Make) -> None:
        """The same with vectors of 16 bits; queries keep their 32."""
        index, vectors = make(16), unit(200, 16, seed=3)
        ids = np.random.default_rng(4).permutation(10_000)[:200].tolist()
        index.add("ana", ids, vectors)
        queries = np.random.default_rng(5).standard_normal((7, 16)).astype(np.float32)
        scores, found = index.search("ana", queries, 20)
        expected_scores, expected = brute_force(dict(zip(ids, vectors, strict=True)), queries, 20)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(scores, expected_scores, rtol=1e-4, atol=1e-5)


def test_a_space_is_brought_in_line(cluster: Cluster) -> None:
    index, vectors = PostgresIndex(cluster, 8, space="loose"), unit(30, 8, seed=1)
    flat = FlatIndex(8)
    for one in (index, flat):
        one.add("ana", range(20), vectors[:20])
        one.add("ben", range(5), vectors[:5])
    changed = np.concatenate([vectors[5:15], -vectors[15:18], vectors[18:]])
    for ids, rows_ in (
        (range(5, 30), changed),
        (range(5, 30), changed),
        ([3, 2], vectors[:2]),
        ([], vectors[:0]),
    ):
        assert index.rebuild("ana", ids, rows_) == flat.rebuild("ana", ids, rows_)
        expected_scores, expected = flat.search("ana", vectors[:3], 40)
        scores, found = index.search("ana", vectors[:3], 40)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(scores, expected_scores, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError):
        index.rebuild("ana", [1, 1], vectors[:2])
    assert (index.count("ana"), index.count("ben")) == (0, 5)


def test_the_record_is_searched_where_it_is(cluster: Cluster) -> None:
    catalogue = PostgresCatalogue(cluster)
    concepts = [catalogue.add("ana", rows("ana", number)) for number in range(1, 6)]
    catalogue.add("ben", rows("ben", 7))
    catalogue.put_texts("ana", concepts[0].id, concepts[0].updated, "e", np.ones((1, 8), np.float16))
    index = PostgresIndex(cluster, 8)

    def as_the_record_has_it() -> None:
        table = catalogue.vectors("ana")
        query = unit(3, 8, seed=9)
        scores, ids = index.search("ana", query, 6)
        known = dict(zip(table.ids.tolist(), table.matrix, strict=True))
        expected_scores, expected = brute_force(known, query, 6)
        assert ids.tolist() == expected
        np.testing.assert_allclose(scores, expected_scores, rtol=1e-5)
        assert index.count("ana") == len(table.ids)

    as_the_record_has_it()
    catalogue.replace("ana", rows("ana", 2, seed=40))
    as_the_record_has_it()
    # Hidden is not found, before anything is erased.
    catalogue.tombstone("ana", concepts[3].id)
    as_the_record_has_it()
    catalogue.erase("ana", [concepts[3].id])
    as_the_record_has_it()
    table = catalogue.vectors("ana")
    index.add("ana", table.ids[:2].tolist(), table.matrix[:2])
    assert index.remove("ana", table.ids[:2].tolist()) == 0
    assert index.rebuild("ana", table.ids.tolist(), table.matrix) == Rebuilt(len(table.ids), 0, 0)
    as_the_record_has_it()
    with pytest.raises(InputError, match="the record has no vector 5"):
        index.add("ana", [5], table.matrix[:1])
    catalogue.delete_owner("ana")
    assert index.count("ana") == 0
    assert index.count("ben") == 4


@pytest.mark.parametrize("owner", ["ana", "an'a%s"])
def test_the_graph_of_a_huge_owner(cluster: Cluster, server: Server, owner: str) -> None:
    index = PostgresIndex(cluster, 32, space="loose", candidates=100)
    vectors = unit(3000, 32, seed=1)
    index.add(owner, list(range(3000)), vectors)
    index.add("ben", list(range(50)), vectors[:50])
    noise = np.random.default_rng(2).standard_normal((40, 32))
    queries = vectors[:40] + 0.5 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    true_scores, true_ids = index.search(owner, queries, 10)
    assert not index.build(owner, least=3001)
    assert index.build(owner, least=3000)
    assert index.build(owner, least=3000)
    scores, ids = index.search(owner, queries, 10)
    found = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids.tolist(), true_ids.tolist(), strict=True)])
    assert found >= 0.95
    # What is found has its exact score.
    products = queries.astype(np.float64) @ vectors.astype(np.float64).T
    np.testing.assert_allclose(scores, np.take_along_axis(products, ids, 1), rtol=1e-4, atol=1e-5)
    assert (scores[:, 0] >= true_scores[:, 0] - 1e-6).mean() >= 0.95
    assert "near_" in planned(cluster, index, owner)  # it is the graph that is asked
    index.add(owner, [9000], 3 * vectors[:1])
    assert index.search(owner, vectors[:1], 1)[1].tolist() == [[9000]]
    assert index.remove(owner, list(range(2995))) == 2995
    assert set(index.search(owner, vectors[:1], 10)[1][0].tolist()) == {9000, *range(2995, 3000), -1}
    index.delete_owner(owner)
    with admin(server, "home") as connection:
        query = "SELECT count(*) FROM pg_class WHERE relname LIKE 'near%'"
        assert connection.execute(query).fetchone() == (0,)
    assert index.count("ben") == 50


def planned(cluster: Cluster, index: PostgresIndex, owner: str) -> str:
    whose = index._steps.whose(owner)
    with cluster.read(owner) as session:
        session.run("SELECT set_config('enable_sort', 'off', true)")
        near = f"data::halfvec(32) <#> '{[1.0] * 32}'::halfvec(32)"
        query = f"SELECT id FROM vectors WHERE {whose} ORDER BY {near} LIMIT 9"
        return "\n".join(row[0] for row in session.rows(f"EXPLAIN {query}"))


def test_the_graph_goes_with_its_owner(cluster: Cluster, server: Server) -> None:
    catalogue = PostgresCatalogue(cluster)
    catalogue.add("ana", rows("ana", 1))
    assert PostgresIndex(cluster, 8).build("ana", least=2)
    catalogue.delete_owner("ana")
    with admin(server, "home") as connection:
        query = "SELECT count(*) FROM pg_class WHERE relname LIKE 'near%'"
        assert connection.execute(query).fetchone() == (0,)


def test_what_cannot_be_is_refused(cluster: Cluster) -> None:
    for space in ("", "texts", "gone", "a'b", "A", "a" * 32):
        with pytest.raises(SettingError, match="a space is"):
            PostgresIndex(cluster, 8, space=space)
    with pytest.raises(SettingError, match="candidates"):
        PostgresIndex(cluster, 8, candidates=1001)
    with pytest.raises(InputError, match="65504"):
        PostgresIndex(cluster, 1, space="loose").add("ana", [1], np.array([[7e4]], np.float32))
    with pytest.raises(InputError, match="4000"):
        PostgresIndex(cluster, 4001, space="loose").build("ana")
    assert not PostgresIndex(cluster, 8).build("nobody", least=0)
    catalogue = PostgresCatalogue(cluster)
    catalogue.add("ana", rows("ana", 1))
    catalogue.add("ana", rows("ana", 2))
    catalogue.replace("ana", rows("ana", 2, dim=6))
    with pytest.raises(InputError, match="do not have 8 numbers"):
        PostgresIndex(cluster, 8).build("ana", least=1)
