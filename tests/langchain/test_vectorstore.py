from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from jarvis_plugins.langchain import FaissVectorStore
from jarvis_retrievers.errors import ImageError, InputError, SettingError
from tests.langchain.pictures import colours, file, plain

FAKE = DeterministicFakeEmbedding(size=12)


class Table(Embeddings):
    """Vectors that a test has chosen, by text."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = rows

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [list(map(float, self.rows[text])) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def filled(count: int = 60) -> FaissVectorStore:
    texts = [f"text {n}" for n in range(count)]
    about = [{"n": n, "even": n % 2 == 0} for n in range(count)]
    return FaissVectorStore.from_texts(texts, FAKE, about, ids=[f"id{n}" for n in range(count)])


def cosines(query: Any, rows: Any) -> Any:
    wide, one = np.asarray(rows, float), np.asarray(query, float)
    return wide @ one / np.linalg.norm(wide, axis=1) / np.linalg.norm(one)


@pytest.mark.parametrize("k", [1, 4, 60, 100])
@pytest.mark.parametrize("wanted", [None, {"even": True}, {"n": {"$lt": 5}}, {"n": 59}, {"n": -1}])
def test_search_is_brute_force(k: int, wanted: Any) -> None:
    store = filled()
    rows = FAKE.embed_documents([f"text {n}" for n in range(60)])
    scores = cosines(FAKE.embed_query("query"), rows)
    kept = [
        n
        for n in range(60)
        if wanted is None
        or (wanted == {"even": True} and n % 2 == 0)
        or (wanted == {"n": {"$lt": 5}} and n < 5)
        or wanted == {"n": n}
    ]
    order = sorted(kept, key=lambda n: -scores[n])[:k]
    found = store.similarity_search_with_score("query", k, wanted)
    assert [document.id for document, _ in found] == [f"id{n}" for n in order]
    assert np.allclose([score for _, score in found], [scores[n] for n in order], atol=1e-6)
    assert store.similarity_search("query", k, wanted) == [document for document, _ in found]
    vector = FAKE.embed_query("query")
    assert store.similarity_search_by_vector(vector, k, wanted) == [document for document, _ in found]
    assert store.similarity_search_with_score_by_vector(vector, k, wanted) == found


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    k=st.integers(1, 12),
    fetch=st.integers(1, 25),
    balance=st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]),
)
def test_mmr_is_that_of_langchain(seed: int, k: int, fetch: int, balance: float) -> None:
    rng = np.random.default_rng(seed)
    rows = {str(n): rng.normal(size=5) for n in range(20)} | {"query": rng.normal(size=5)}
    store = FaissVectorStore.from_texts([str(n) for n in range(20)], Table(rows))
    near = store.similarity_search("query", max(k, fetch))
    picked = maximal_marginal_relevance(
        np.asarray(rows["query"]), [list(rows[d.page_content]) for d in near], balance, k
    )
    wanted = [near[place].page_content for place in picked]
    found = store.max_marginal_relevance_search("query", k, fetch, balance)
    assert [document.page_content for document in found] == wanted
    again = store.max_marginal_relevance_search_by_vector(list(rows["query"]), k, fetch, balance)
    assert again == found


def test_mmr_with_a_filter_and_settings_that_cannot_be() -> None:
    store = filled()
    found = store.max_marginal_relevance_search("query", 5, 10, filter={"n": {"$gte": 50}})
    assert len(found) == 5
    assert {document.metadata["n"] for document in found} <= set(range(50, 60))
    with pytest.raises(SettingError, match="lambda_mult"):
        store.max_marginal_relevance_search("query", lambda_mult=1.5)
    assert FaissVectorStore(FAKE).max_marginal_relevance_search("query") == []


def test_relevance_and_threshold() -> None:
    rows = {"q": [1, 0], "same": [2, 0], "half": [1, 1], "other": [0, 1], "opposite": [-3, 0], "none": [0, 0]}
    store = FaissVectorStore.from_texts([name for name in rows if name != "q"], Table(rows))
    found = {d.page_content: s for d, s in store.similarity_search_with_relevance_scores("q", k=9)}
    wanted = {"same": 1.0, "half": (1 + 2**-0.5) / 2, "other": 0.5, "none": 0.5, "opposite": 0.0}
    assert found == pytest.approx(wanted, abs=1e-6)
    over = store.similarity_search_with_relevance_scores("q", k=9, score_threshold=0.8)
    assert [document.page_content for document, _ in over] == ["same", "half"]
    retriever = store.as_retriever(
        search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.9, "k": 3}
    )
    assert [document.page_content for document in retriever.invoke("q")] == ["same"]
    diverse = store.as_retriever(search_type="mmr", search_kwargs={"k": 2, "fetch_k": 5, "lambda_mult": 1.0})
    assert [document.page_content for document in diverse.invoke("q")] == ["same", "half"]


def test_equal_scores_come_oldest_first_also_after_an_upsert() -> None:
    store = FaissVectorStore.from_texts(["a"] * 9, Table({"a": [1, 2]}), ids=list("ihgfedcba"))
    store.add_texts(["a"], ids=["h"])
    for k in (1, 3, 9):
        assert "".join(str(d.id) for d in store.similarity_search("a", k)) == "ihgfedcba"[:k]


def test_upsert_and_delete() -> None:
    store = filled(3)
    store.add_texts(["new", "newer"], [{"n": 7}, {"n": 8}], ids=["id1", "id1"])
    assert len(store) == 3
    (found,) = store.get_by_ids(["id1"])
    assert (found.page_content, found.metadata) == ("newer", {"n": 8})
    assert store.similarity_search("newer", 1)[0].id == "id1"
    assert [d.id for d in store.get_by_ids(["id2", "nobody", "id0", "id2"])] == ["id2", "id0"]
    assert store.delete(["id1", "nobody"])
    assert {d.id for d in store.similarity_search("newer", 9)} == {"id0", "id2"}
    assert store.delete([])
    assert len(store) == 2
    assert store.delete()
    assert len(store) == 0
    assert store.similarity_search("newer") == []
    store = FaissVectorStore.from_texts(["a"], Table({"a": [1.0, 0.0], "b": [1.0, 0.0]}))
    store.delete()
    store._embedding = FAKE  # an empty store takes vectors of any length
    store.add_texts(["b"])
    assert len(store) == 1


def test_what_is_given_and_what_comes_back_are_copies() -> None:
    about = {"tags": ["a"]}
    store = FaissVectorStore(FAKE)
    (id_,) = store.add_documents([Document(page_content="x", metadata=about)])
    about["tags"].append("b")
    (found,) = store.similarity_search("x")
    found.metadata["tags"].append("c")
    assert store.get_by_ids([id_])[0].metadata == {"tags": ["a"]}


def test_hostile_ids_and_texts(tmp_path: Path) -> None:
    texts = ["", "\x00", "\ud800", "<|im_end|>", "a\nb\u2028c\x85d", "../../etc/passwd", "🐕" * 50]
    rows = {text: np.eye(len(texts))[n] for n, text in enumerate(texts)}
    ids = [f"{text}/id" for text in texts]
    store = FaissVectorStore.from_texts(texts, Table(rows), [{text: text} for text in texts], ids=ids)
    store.save(tmp_path / "store")
    for found in (store, FaissVectorStore.load(tmp_path / "store", Table(rows))):
        for text, id_ in zip(texts, ids, strict=True):
            (best,) = found.similarity_search(text, 1)
            assert (best.page_content, best.id, best.metadata) == (text, id_, {text: text})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.add_texts("one text"), "put it in a list"),
        (lambda s: s.add_texts([3]), "got int"),
        (lambda s: s.add_texts(["a", "b"], [{}]), "2 texts need as many metadatas, got 1"),
        (lambda s: s.add_texts(["a", "b"], ids=["1"]), "2 documents need as many ids, got 1"),
        (lambda s: s.add_texts(["a"], ids=[""]), "not empty"),
        (lambda s: s.add_texts(["a"], ids=[3]), "id must be a text"),
        (lambda s: s.add_texts(["a"], [{"when": object()}]), "JSON"),
        (lambda s: s.add_texts(["a"], [{"when": float("nan")}]), "JSON"),
        (lambda s: s.add_texts(["a"], colour="red"), "no option colour"),
        (lambda s: s.similarity_search("a", 0), "at least 1"),
        (lambda s: s.similarity_search("a", filters={"a": 1}), "no option filters"),
        (lambda s: s.similarity_search_by_vector([1.0, 2.0]), "12 numbers, got 2"),
        (lambda s: s.similarity_search_by_vector([float("nan")] * 12), "finite"),
        (lambda s: s.delete("id1"), "must be a list"),
    ],
)
def test_what_cannot_be_used_changes_nothing(call: Any, message: str) -> None:
    store = filled(3)
    with pytest.raises(InputError, match=message):
        call(store)
    assert len(store) == 3
    assert len(store.similarity_search("a", 9)) == 3


def test_embeddings_that_change_their_length_change_nothing() -> None:
    rows: dict[str, Any] = {"a": [1, 0], "b": [0, 1], "long": [1, 0, 0], "nan": [float("nan"), 1]}
    store = FaissVectorStore.from_texts(["a", "b"], Table(rows), ids=["1", "2"])
    for text in ("long", "nan"):
        with pytest.raises(InputError):
            store.add_texts([text], ids=["1"])
    assert [d.page_content for d in store.similarity_search("a", 5)] == ["a", "b"]
    with pytest.raises(InputError, match="must be LangChain Embeddings"):
        FaissVectorStore("pocket")  # type: ignore[arg-type]


def test_texts_may_come_from_a_generator() -> None:
    store = FaissVectorStore(FAKE)
    assert len(store.add_texts(f"t{n}" for n in range(3))) == 3
    assert len(store) == 3


def test_pictures(tmp_path: Path) -> None:
    store = FaissVectorStore(colours())
    red = file(tmp_path, "red")
    ids = store.add_images([red, plain("blue")], [{"n": 1}, {"modality": "drawing"}], captions=["ball", ""])
    first, second = store.get_by_ids(ids)
    assert (first.page_content, first.metadata) == ("ball", {"modality": "image", "source": str(red), "n": 1})
    assert second.metadata == {"modality": "drawing"}
    assert [d.id for d in store.similarity_search("something red", 2)] == ids
    assert [d.id for d in store.similarity_search_by_image(plain("blue"), 2)] == ids[::-1]
    ((found, cosine),) = store.similarity_search_by_image_with_score(plain("red"), 1)
    assert found.id == ids[0]
    assert cosine == pytest.approx(1.0, abs=1e-6)
    (found,) = store.similarity_search_by_image(plain("blue"), 2, {"modality": "image"})
    assert found.id == ids[0]
    for call, error in (
        (lambda: store.add_images(str(red)), InputError),
        (lambda: store.add_images([red], captions=[]), InputError),
        (lambda: store.add_images([red, tmp_path / "none.png"]), ImageError),
        (lambda: FaissVectorStore(FAKE).add_images([red]), SettingError),
        (lambda: FaissVectorStore(FAKE).similarity_search_by_image(red), SettingError),
    ):
        with pytest.raises(error):
            call()
    assert len(store) == 2


async def test_async_gives_the_same(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(20)]
    store = await FaissVectorStore.afrom_texts(texts, FAKE, [{"n": n} for n in range(20)], ids=texts)
    await store.aadd_documents([Document(id="more", page_content="more")])
    only: Any = {"n": {"$lt": 9}}
    assert await store.asimilarity_search("q", 3, only) == store.similarity_search("q", 3, only)
    scored = store.similarity_search_with_score("q", 3, only)
    assert await store.asimilarity_search_with_score("q", 3, only) == scored
    diverse = store.max_marginal_relevance_search("q", 3, 9, filter=only)
    assert await store.amax_marginal_relevance_search("q", 3, 9, filter=only) == diverse
    relevant = store.similarity_search_with_relevance_scores("q", 3, filter=only)
    assert await store.asimilarity_search_with_relevance_scores("q", 3, filter=only) == relevant
    vector = FAKE.embed_query("q")
    assert await store.asimilarity_search_by_vector(vector, 3) == store.similarity_search_by_vector(vector, 3)
    await store.asave(tmp_path / "store")
    again = await FaissVectorStore.aload(tmp_path / "store", FAKE)
    assert await again.asimilarity_search("q", 3) == store.similarity_search("q", 3)
    await store.adelete(["more"])
    assert await store.aget_by_ids(["more"]) == []
    pictures = FaissVectorStore(colours())
    ids = await pictures.aadd_images([plain("red"), plain("blue")])
    assert [d.id for d in await pictures.asimilarity_search_by_image(plain("blue"))] == ids[::-1]
    found = await pictures.asimilarity_search_by_image_with_score(plain("blue"), 1)
    assert found == pictures.similarity_search_by_image_with_score(plain("blue"), 1)


def test_threads() -> None:
    store = filled(10)
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for turn in range(15):
                store.add_texts([f"{name} {turn}"], [{"n": -1}], ids=[f"{name}/{turn}"])
                assert len(store.similarity_search("query", 5, {"n": {"$gte": 0}})) == 5
                store.delete([f"{name}/{turn - 1}"])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(store) == 14
    assert len({document.id for document in store.similarity_search("query", 99)}) == 14


async def test_many_at_once() -> None:
    store = FaissVectorStore(FAKE)
    await asyncio.gather(*(store.aadd_texts([f"t{n}"], ids=[str(n)]) for n in range(20)))
    found = await asyncio.gather(*(store.asimilarity_search(f"t{n}", 1) for n in range(20)))
    assert [documents[0].id for documents in found] == [str(n) for n in range(20)]
