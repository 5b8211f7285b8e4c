"""The suite for vector stores."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import MockEmbedding, StorageContext, VectorStoreIndex
from llama_index.core.schema import Document, MediaResource, Node, TextNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterOperator,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryResult,
)

from .filtering import QUERY, nodes, where
from .searching import SearchConformance, answer
from .suite import needs, on_the_loop, png, run

__all__ = ["VectorStoreConformance"]


class VectorStoreConformance(SearchConformance):
    """What a `BasePydanticVectorStore` must do, and what it may. A subclass has the fixture ``store``.

    Filters and searching have flags of their own, in `FilterConformance` and `SearchConformance`.

    Attributes:
        upserts: a node whose id is there replaces it.
        all_or_nothing: of nodes that cannot be added none is.
        checks_dimensions: embeddings of another length are refused.
        checks_query: a query without an embedding is refused.
        gets_nodes, deletes_nodes, clears: has `get_nodes`, `delete_nodes`, `clear`.
        keeps_nodes: nodes come back from `query` as they were given, but for the embedding.
        keeps_images: also the bytes of their images.
        persists: has `persist` and `from_persist_path`.
        checks_files: a damaged file is an error.
        does_not_block: async methods leave the event loop free.
    """

    upserts: bool = True
    all_or_nothing: bool = True
    checks_dimensions: bool = True
    checks_query: bool = True
    gets_nodes: bool = True
    deletes_nodes: bool = True
    clears: bool = True
    keeps_nodes: bool = True
    keeps_images: bool = True
    persists: bool = True
    checks_files: bool = True
    does_not_block: bool = True

    @pytest.fixture
    def store(self) -> BasePydanticVectorStore:
        """An empty store."""
        raise NotImplementedError("give the suite a fixture `store`")

    def test_add_returns_ids(self, store: BasePydanticVectorStore) -> None:
        """Required: the ids, in order; nothing for nothing."""
        assert store.add(nodes()) == list("012345")
        assert store.add([]) == []

    def test_result_is_aligned(self, store: BasePydanticVectorStore) -> None:
        """Required: as many ids as similarities, and nodes if there are any; they fall; top k is a bound."""
        store.add(nodes())
        for k, count in ((1, 1), (4, 4), (50, 6)):
            result = store.query(VectorStoreQuery(query_embedding=QUERY, similarity_top_k=k))
            ids, similarities = answer(result)
            assert len(ids) == len(similarities) == len(set(ids)) == count
            assert similarities == sorted(similarities, reverse=True)
            if result.nodes is not None:
                assert [node.node_id for node in result.nodes] == ids

    def test_empty(self, store: BasePydanticVectorStore) -> None:
        """Required: an empty store finds nothing, and is a store: LlamaIndex asks ``store or another``."""
        assert bool(store)
        assert answer(store.query(VectorStoreQuery(query_embedding=QUERY, similarity_top_k=3))) == ([], [])

    def test_delete_by_document(self, store: BasePydanticVectorStore) -> None:
        """Required: all nodes of a document, no others; an unknown one is passed over."""
        store.add(nodes())
        store.delete("even")
        store.delete("nobody")
        assert sorted(self.all(store)[0]) == ["1", "3", "5"]

    def test_nodes_given_are_left_alone(self, store: BasePydanticVectorStore) -> None:
        """Required: adding does not change a node, and changing it later does not change the store."""
        given = nodes()
        store.add(given)
        assert given == nodes()
        before = self.all(store)
        for node in given:
            node.metadata["kind"] = "changed"
            node.metadata["tags"].append("changed")
            (node.embedding or []).clear()
        assert self.all(store) == before
        assert self.found(store, MetadataFilters(filters=[where("kind", FilterOperator.EQ, "dog")])) == "01"

    def test_async_is_the_same(self, store: BasePydanticVectorStore) -> None:
        """Required: `async_add`, `aquery` and `adelete` do what their twins do."""

        async def work() -> tuple[list[str], VectorStoreQueryResult]:
            ids = await store.async_add(nodes())
            found = await store.aquery(VectorStoreQuery(query_embedding=QUERY, similarity_top_k=6))
            await store.adelete("even")
            return ids, found

        ids, found = run(work())
        assert ids == list("012345")
        assert sorted(self.all(store)[0]) == ["1", "3", "5"]
        store.add(nodes())
        assert sorted(answer(found)[0]) == sorted(self.all(store)[0])

    def test_many_at_once(self, store: BasePydanticVectorStore) -> None:
        """Required: adding at once loses nothing."""

        async def many() -> None:
            await asyncio.gather(*(store.async_add([node]) for node in nodes()))

        run(many())
        assert sorted(self.all(store)[0]) == list("012345")

    def test_in_an_index(self, store: BasePydanticVectorStore) -> None:
        """Required: a `VectorStoreIndex` finds what was put in through it, and no more what it deleted."""
        context = StorageContext.from_defaults(vector_store=store)
        documents = [Document(id_=name, text=name) for name in ("one", "two")]
        index = VectorStoreIndex.from_documents(
            documents, storage_context=context, embed_model=MockEmbedding(embed_dim=4)
        )
        assert context.vector_store is store
        retriever = index.as_retriever(similarity_top_k=2)
        assert {found.node.ref_doc_id for found in retriever.retrieve("one")} == {"one", "two"}
        index.delete_ref_doc("one")
        assert [found.node.ref_doc_id for found in retriever.retrieve("one")] == ["two"]

    def test_a_node_without_embedding_is_refused(self, store: BasePydanticVectorStore) -> None:
        """Required: it is a ValueError."""
        with pytest.raises(ValueError, match=r"\w"):
            store.add([TextNode(text="bare")])

    @needs("upserts")
    def test_upsert(self, store: BasePydanticVectorStore) -> None:
        """Optional (upserts): vector and metadata are the new ones."""
        store.add(nodes())
        store.add([TextNode(id_="5", text="new", embedding=QUERY, extra_info={"kind": "new"})])
        ids, _ = self.all(store)
        assert (ids[0], len(ids)) == ("5", 6)
        assert self.found(store, MetadataFilters(filters=[where("kind", FilterOperator.EQ, "new")])) == "5"
        assert self.found(store, MetadataFilters(filters=[where("kind", FilterOperator.EQ, "toy")])) == ""

    @needs("all_or_nothing")
    def test_all_or_nothing(self, store: BasePydanticVectorStore) -> None:
        """Optional (all_or_nothing): one bad node among good ones, and none is added."""
        store.add(nodes()[:2])
        with pytest.raises(ValueError, match=r"\w"):
            store.add([*nodes()[2:], TextNode(text="bare")])
        assert sorted(self.all(store)[0]) == ["0", "1"]

    @needs("checks_dimensions")
    def test_dimensions(self, store: BasePydanticVectorStore) -> None:
        """Optional (checks_dimensions): of a node and of a query."""
        store.add(nodes())
        with pytest.raises(ValueError, match=r"\w"):
            store.add([TextNode(text="short", embedding=[1.0, 0.0])])
        with pytest.raises(ValueError, match=r"\w"):
            store.query(VectorStoreQuery(query_embedding=[1.0, 0.0], similarity_top_k=2))
        assert sorted(self.all(store)[0]) == list("012345")

    @needs("checks_query")
    def test_a_query_without_embedding_is_refused(self, store: BasePydanticVectorStore) -> None:
        """Optional (checks_query): a ValueError, not no result."""
        store.add(nodes())
        with pytest.raises(ValueError, match=r"\w"):
            store.query(VectorStoreQuery(query_str="words", similarity_top_k=2))

    @needs("gets_nodes")
    def test_get_nodes(self, store: BasePydanticVectorStore) -> None:
        """Optional (gets_nodes): by id, by filters, by both, and all."""
        store.add(nodes())
        dogs = MetadataFilters(filters=[where("kind", FilterOperator.EQ, "dog")])
        assert {node.node_id for node in store.get_nodes(["4", "1", "nobody"])} == {"4", "1"}
        assert {node.node_id for node in store.get_nodes(None, dogs)} == {"0", "1"}
        assert {node.node_id for node in store.get_nodes(["4", "1"], dogs)} == {"1"}
        assert len(store.get_nodes()) == 6

    @needs("deletes_nodes")
    def test_delete_nodes(self, store: BasePydanticVectorStore) -> None:
        """Optional (deletes_nodes): by id, by filters, by both."""
        store.add(nodes())
        cats = MetadataFilters(filters=[where("kind", FilterOperator.EQ, "cat")])
        store.delete_nodes(["4", "1"], cats)
        assert sorted(self.all(store)[0]) == list("01235")
        store.delete_nodes(None, cats)
        store.delete_nodes(["0", "nobody"])
        assert sorted(self.all(store)[0]) == ["1", "3", "5"]

    @needs("clears")
    def test_clear(self, store: BasePydanticVectorStore) -> None:
        """Optional (clears): nothing is left, and nodes can be added."""
        store.add(nodes())
        store.clear()
        assert self.all(store) == ([], [])
        assert store.add(nodes()[:1]) == ["0"]

    @needs("keeps_nodes")
    def test_nodes_come_back(self, store: BasePydanticVectorStore) -> None:
        """Optional (keeps_nodes): text, metadata, relations and what is hidden from models."""
        store.add(nodes())
        found = store.query(VectorStoreQuery(query_embedding=QUERY, similarity_top_k=6)).nodes or []
        bare = [node.model_copy(update={"embedding": None}) for node in nodes()]
        again = [node.model_copy(update={"embedding": None}) for node in found]
        assert sorted(again, key=lambda node: node.node_id) == bare

    @needs("keeps_images")
    def test_images_come_back(self, store: BasePydanticVectorStore) -> None:
        """Optional (keeps_images): bytes of an image resource."""
        held = MediaResource(data=png(), mimetype="image/png")
        store.add([Node(id_="p", image_resource=held, embedding=QUERY)])
        (node,) = store.query(VectorStoreQuery(query_embedding=QUERY, similarity_top_k=1)).nodes or []
        assert isinstance(node, Node)
        assert node.image_resource == held

    @needs("persists")
    def test_persist(self, store: BasePydanticVectorStore, tmp_path: Path) -> None:
        """Optional (persists): it finds the same with the same similarities, and can be saved again."""
        store.add(nodes())
        path = str(tmp_path / "store.json")
        for _ in range(2):
            store.persist(path)
            again = self.load(store, path)
            assert self.all(again) == self.all(store)
            cats = MetadataFilters(filters=[where("kind", FilterOperator.EQ, "cat")])
            assert self.found(again, cats) == "24"
        again.delete("even")
        assert sorted(self.all(again)[0]) == ["1", "3", "5"]

    @needs("persists", "checks_files")
    def test_damage_is_noticed(self, store: BasePydanticVectorStore, tmp_path: Path) -> None:
        """Optional (persists, checks_files): a digit that has changed is an error, not another answer."""
        store.add(nodes())
        store.persist(str(tmp_path / "store.json"))
        for file in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
            data = file.read_bytes()
            place = len(data) - 1 - next(n for n, byte in enumerate(reversed(data)) if chr(byte).isalnum())
            file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            with pytest.raises(Exception, match=r"\w"):
                self.load(store, str(tmp_path / "store.json"))
            file.write_bytes(data)
        assert self.all(self.load(store, str(tmp_path / "store.json"))) == self.all(store)

    @needs("does_not_block")
    def test_async_does_not_block(self, store: BasePydanticVectorStore) -> None:
        """Optional (does_not_block): async methods do not run their twins on the event loop."""
        asked = VectorStoreQuery(query_embedding=QUERY, similarity_top_k=3)
        assert not on_the_loop(store.add, store.async_add(nodes()))
        assert not on_the_loop(store.query, store.aquery(asked))
        assert not on_the_loop(store.delete, store.adelete("even"))

    def load(self, store: BasePydanticVectorStore, path: str) -> BasePydanticVectorStore:
        """What was saved there; override it for a store that loads in another way."""
        made: Any = type(store)
        loaded: BasePydanticVectorStore = made.from_persist_path(path)
        return loaded
