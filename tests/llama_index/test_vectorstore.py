"""`JarvisFaissVectorStore`: what the suite does not ask, bad input, and parity with LangChain's store."""

from __future__ import annotations

import copy
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.schema import (
    Document,
    ImageNode,
    QueryBundle,
    TextNode,
)
from llama_index.core.vector_stores.types import (
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)

from jarvis_plugins.langchain import FaissVectorStore
from jarvis_plugins.llama_index import JarvisFaissVectorStore
from jarvis_plugins.llama_index.testing.filtering import QUERY, nodes
from jarvis_retrievers.errors import InputError, SettingError
from tests.llama_index.pictures import colours, file


class Table(Embeddings):
    """LangChain embeddings: vectors that a test has chosen, by text."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = rows

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [list(map(float, self.rows[text])) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def filled() -> JarvisFaissVectorStore:
    store = JarvisFaissVectorStore()
    store.add(nodes())
    return store


def ask(**more: Any) -> VectorStoreQuery:
    options: dict[str, Any] = {"query_embedding": QUERY, "similarity_top_k": 6}
    return VectorStoreQuery(**options | more)


def where(key: str, operator: Any, value: Any) -> MetadataFilters:
    one = MetadataFilter.model_construct(key=key, operator=operator, value=value)
    return MetadataFilters.model_construct(filters=[one], condition="and")


FILTERS: list[tuple[Any, Any]] = [
    (None, None),
    (
        {"n": {"$lt": 5}},
        MetadataFilters(filters=[MetadataFilter(key="n", value=5, operator=FilterOperator.LT)]),
    ),
    (
        {"home.city": "Bern", "n": {"$nin": [0, 4]}},
        MetadataFilters(
            filters=[
                MetadataFilter(key="home.city", value="Bern"),
                MetadataFilter(key="n", value=[0, 4], operator=FilterOperator.NIN),
            ]
        ),
    ),
]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    k=st.integers(1, 15),
    balance=st.sampled_from([0.0, 0.4, 1.0]),
    pair=st.sampled_from(FILTERS),
)
def test_parity_with_langchain(seed: int, k: int, balance: float, pair: tuple[Any, Any]) -> None:
    """The same query gives the same ids, order and scores, filtered or not, and by MMR."""
    rng = np.random.default_rng(seed)
    rows = {str(n): rng.integers(-2, 3, size=4) for n in range(30)}  # many ties
    asked = rng.normal(size=4).tolist()
    about = [{"n": n, "home": {"city": "Bern" if n % 2 else "Rome"}} for n in range(30)]
    theirs = FaissVectorStore.from_texts(list(rows), Table(rows), about, ids=list(rows))
    ours = JarvisFaissVectorStore()
    ours.add(
        [
            TextNode(id_=key, text=key, embedding=[float(x) for x in row], extra_info=more)
            for (key, row), more in zip(rows.items(), about, strict=True)
        ]
    )
    mongo, filters = pair
    query = VectorStoreQuery(query_embedding=asked, similarity_top_k=k, filters=filters)
    found = ours.query(query)
    scored = theirs.similarity_search_with_score_by_vector(asked, k, mongo)
    assert found.ids == [document.id for document, _ in scored]
    assert found.similarities == [cosine for _, cosine in scored]
    query.mode = VectorStoreQueryMode.MMR
    diverse = theirs.max_marginal_relevance_search_by_vector(asked, k, 20, balance, mongo)
    assert ours.query(query, mmr_threshold=balance).ids == [document.id for document in diverse]


def test_what_comes_back_are_copies() -> None:
    store = filled()
    for node in (*store.get_nodes(), *(store.query(ask()).nodes or ())):
        node.metadata.setdefault("tags", []).append("changed")
        node.excluded_llm_metadata_keys.append("changed")
    assert not store.get_nodes(None, where("tags", FilterOperator.CONTAINS, "changed"))
    assert all(node.excluded_llm_metadata_keys == ["age"] for node in store.get_nodes())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.add(TextNode(text="a")), "put it in a list"),
        (lambda s: s.add(["text"]), "must be one of"),
        (lambda s: s.add([TextNode(id_="bare", text="a")]), "'bare'.*embed them first"),
        (lambda s: s.add([*nodes(), TextNode(text="a", embedding=[])]), "1 of 7 nodes"),
        (lambda s: s.add([TextNode(text="a", embedding=[1.0])]), "4 numbers, got 1"),
        (lambda s: s.add([TextNode(text="a", embedding=[float("nan")] * 4)]), "finite"),
        (lambda s: s.add([TextNode(text="a", embedding=QUERY, extra_info={"x": object()})]), "JSON"),
        (lambda s: s.add([TextNode(id_="", text="a", embedding=QUERY)]), "not empty"),
        (lambda s: s.add(nodes(), upsert=True), "no option upsert"),
        (lambda s: s.query(ask(query_embedding=None, query_str="words")), "no embedding"),
        (lambda s: s.query(ask(query_embedding=[1.0])), "4 numbers, got 1"),
        (lambda s: s.query(ask(similarity_top_k=0)), "at least 1"),
        (lambda s: s.query(ask(mode="hybrid")), "DEFAULT or MMR"),
        (lambda s: s.query(ask(mode="nearest")), "DEFAULT or MMR"),
        (lambda s: s.query(ask(mode="mmr"), mmr_threshold=2.0), "from 0 to 1"),
        (lambda s: s.query(ask(), mmr_threshold=0.5), "no option mmr_threshold"),
        (lambda s: s.query(ask(filters=where("a", "near", 1))), "no filter operator 'near'"),
        (lambda s: s.query(ask(filters={"a": 1})), "must be MetadataFilters"),
        (lambda s: s.delete(None), "must be a text"),
        (lambda s: s.delete_nodes(), r"clear\(\)"),
        (lambda s: s.delete_nodes("0"), "put it in a list"),
        (lambda s: s.delete_nodes(["0"], where("a", "near", 1)), "no filter operator"),
        (lambda s: s.get_nodes("0"), "put it in a list"),
    ],
)
def test_what_cannot_be_used_changes_nothing(call: Any, message: str) -> None:
    store = filled()
    before = store.query(ask())
    with pytest.raises(InputError, match=message):
        call(store)
    assert store.query(ask()) == before


def test_mmr_chooses_from_what_was_fetched() -> None:
    store = filled()
    nearest = store.query(ask(similarity_top_k=2)).ids
    two = ask(similarity_top_k=2, mode=VectorStoreQueryMode.MMR)
    assert store.query(two, mmr_threshold=0.0).ids != nearest
    assert store.query(two, mmr_threshold=0.0, mmr_prefetch_k=2).ids == nearest
    assert store.query(two, mmr_threshold=0.0, mmr_prefetch_factor=1.0).ids == nearest
    diverse = store.query(two, mmr_threshold=0.0)
    cosines = dict(zip(store.query(ask()).ids or (), store.query(ask()).similarities or (), strict=True))
    assert diverse.similarities == [cosines[key] for key in diverse.ids or ()]


def test_an_empty_store_takes_vectors_of_any_length() -> None:
    store = filled()
    store.clear()
    assert len(store) == 0
    store.add([TextNode(id_="a", embedding=[1.0, 2.0])])
    assert len(store) == 1


def test_it_is_not_pickled_or_copied_empty() -> None:
    with pytest.raises(SettingError, match="persist"):
        filled().__getstate__()
    with pytest.raises(TypeError):
        copy.deepcopy(filled())


def test_in_an_index(tmp_path: Path) -> None:
    store = JarvisFaissVectorStore()
    context = StorageContext.from_defaults(vector_store=store)
    documents = [Document(id_=colour, text=f"something {colour}") for colour in ("red", "blue", "green")]
    index = VectorStoreIndex.from_documents(documents, storage_context=context, embed_model=colours())
    retriever = index.as_retriever(similarity_top_k=2)
    (best, _) = retriever.retrieve("blue")
    assert best.node.ref_doc_id == "blue"
    index.delete_ref_doc("blue")
    assert {one.node.ref_doc_id for one in retriever.retrieve("blue")} == {"red", "green"}
    index.storage_context.persist(str(tmp_path))
    again = JarvisFaissVectorStore.from_persist_dir(str(tmp_path))
    loaded = VectorStoreIndex.from_vector_store(again, embed_model=colours())
    assert loaded.as_retriever(similarity_top_k=2).retrieve("red") == retriever.retrieve("red")


def test_in_an_index_of_pictures(tmp_path: Path) -> None:
    # An index leaves out nodes without a text.
    shown = [
        ImageNode(id_=colour, text="a picture", image_path=str(file(tmp_path, colour)))
        for colour in ("red", "blue")
    ]
    index = MultiModalVectorStoreIndex(
        shown,
        embed_model=colours(),
        image_embed_model=colours(),
        image_vector_store=JarvisFaissVectorStore(),
        storage_context=StorageContext.from_defaults(vector_store=JarvisFaissVectorStore()),
    )
    retriever = index.as_retriever(image_similarity_top_k=1)
    (best,) = retriever.image_to_image_retrieve(str(file(tmp_path, "blue")))
    assert best.node.node_id == "blue"
    (best,) = retriever.text_to_image_retrieve(QueryBundle("red"))
    assert best.node.node_id == "red"
    assert isinstance(best.node, ImageNode)
    assert best.node.image_path == str(tmp_path / "red.png")


async def test_async_twins(tmp_path: Path) -> None:
    store = JarvisFaissVectorStore()
    await store.async_add(nodes())
    assert await store.aquery(ask()) == filled().query(ask())
    assert await store.aget_nodes(["4", "1"]) == filled().get_nodes(["4", "1"])
    await store.adelete_nodes(["4"])
    await store.adelete("odd")
    assert sorted(store.query(ask()).ids or ()) == ["0", "2"]
    await store.apersist(str(tmp_path / "store"))
    assert len(JarvisFaissVectorStore.from_persist_path(str(tmp_path / "store"))) == 2
    await store.aclear()
    assert len(store) == 0


def test_threads() -> None:
    store, failures = filled(), []

    def work(name: int) -> None:
        try:
            for turn in range(10):
                store.add([TextNode(id_=f"{name}/{turn}", embedding=[-1.0, 0.0, 0.0, float(turn)])])
                found = store.query(ask(similarity_top_k=3, node_ids=list("012345")))
                assert len(found.ids or ()) == 3
                store.delete_nodes([f"{name}/{turn - 1}"])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(store) == 10
