"""Text encoders: the reference, those of other libraries, and what is refused of them."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from jarvis_retrievers import (
    AdaptedEmbedder,
    NgramEmbedder,
    TextEmbedder,
    from_langchain,
    from_llama_index,
    from_sentence_transformers,
)
from jarvis_retrievers.errors import EmbeddingError, ExtraError, InputError, SettingError
from tests.house.tree import ROOT, blocks

TEXTS = ["Bo loves noodles.", "Mimi sleeps on the piano.", "", "łódź \ud83d"]


class Sided(Embeddings):
    """Tells questions from documents: the first number says which."""

    model = "sided-1"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[3.0, float(len(text)), 0.0] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [-3.0, float(len(text)), 0.0]


def check(embedder: TextEmbedder) -> None:
    """What every text encoder must do."""
    assert isinstance(embedder, TextEmbedder)
    for embed in (embedder.embed_documents, embedder.embed_questions):
        rows = embed(TEXTS)
        assert (rows.shape, rows.dtype.name) == ((4, embedder.dim), "float32")
        np.testing.assert_allclose(np.linalg.norm(rows.astype(float), axis=1), 1.0, atol=1e-6)
        np.testing.assert_array_equal(embed(TEXTS), rows)
        np.testing.assert_allclose(np.concatenate([embed([text]) for text in TEXTS]), rows, atol=1e-6)
        assert embed([]).shape == (0, embedder.dim)
        with pytest.raises(InputError, match="list"):
            embed("one string")
    assert len(embedder.fingerprint) == 64


@pytest.mark.parametrize(
    "make",
    [
        NgramEmbedder,
        lambda: NgramEmbedder(dim=16),
        lambda: from_langchain(DeterministicFakeEmbedding(size=12)),
        lambda: from_langchain(Sided()),
    ],
)
def test_conformance(make: Callable[[], TextEmbedder]) -> None:
    check(make())


def test_langchain_gives_what_it_gives_at_length_1() -> None:
    theirs = DeterministicFakeEmbedding(size=12)
    wanted = np.array(theirs.embed_documents(["Bo"]))
    ours = from_langchain(theirs)
    np.testing.assert_allclose(ours.embed_documents(["Bo"]), wanted / np.linalg.norm(wanted), atol=1e-6)
    sided = from_langchain(Sided())
    np.testing.assert_allclose(sided.embed_documents(["four"]), [[0.6, 0.8, 0.0]], atol=1e-6)
    np.testing.assert_allclose(sided.embed_questions(["four"]), [[-0.6, 0.8, 0.0]], atol=1e-6)
    assert sided.name == "Sided:sided-1"


def test_llama_index() -> None:
    core = pytest.importorskip("llama_index.core")
    base = core.base.embeddings.base.BaseEmbedding

    class Lengths(base):  # type: ignore[misc, valid-type]
        def _get_text_embedding(self, text: str) -> list[float]:
            return [3.0, float(len(text)), 0.0]

        def _get_query_embedding(self, query: str) -> list[float]:
            return [-3.0, float(len(query)), 0.0]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    check(from_llama_index(core.MockEmbedding(embed_dim=6)))
    ours = from_llama_index(Lengths(embed_batch_size=2))
    check(ours)
    np.testing.assert_allclose(ours.embed_documents(["four"]), [[0.6, 0.8, 0.0]], atol=1e-6)
    np.testing.assert_allclose(ours.embed_questions(["four"]), [[-0.6, 0.8, 0.0]], atol=1e-6)
    assert ours.name == "Lengths"


def test_sentence_transformers() -> None:
    library: Any = pytest.importorskip("sentence_transformers", minversion="6")
    parts: Any = importlib.import_module("sentence_transformers.sentence_transformer.modules")
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {word: number for number, word in enumerate(("[UNK]", "Bo", "loves", "noodles", "sleeps"))}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = np.random.default_rng(0).standard_normal((len(words), 8)).astype(np.float32)
    part = parts.StaticEmbedding(tokenizer, embedding_weights=weights)
    model = library.SentenceTransformer(modules=[part], device="cpu")
    ours = from_sentence_transformers(model)
    mean = weights[[1, 2, 3]].astype(float).mean(axis=0)
    rows = ours.embed_documents(["Bo loves noodles"])
    np.testing.assert_allclose(rows[0], mean / np.linalg.norm(mean), atol=1e-5)
    np.testing.assert_array_equal(ours.embed_questions(["Bo loves noodles"]), rows)
    other = parts.StaticEmbedding(tokenizer, embedding_weights=weights + 1)
    changed = from_sentence_transformers(library.SentenceTransformer(modules=[other], device="cpu"))
    assert changed.fingerprint != ours.fingerprint


def test_a_model_to_load_needs_the_package() -> None:
    if importlib.util.find_spec("sentence_transformers") is None:
        with pytest.raises(ExtraError, match="pip install sentence-transformers"):
            from_sentence_transformers("some/model")
    else:
        with pytest.raises(SettingError, match="cannot be loaded"):
            from_sentence_transformers("/nowhere/at/all")


@pytest.mark.parametrize("adapt", [from_langchain, from_llama_index, from_sentence_transformers])
@pytest.mark.parametrize("given", [3, object(), NgramEmbedder(), Sided])
def test_something_else_is_refused(adapt: Callable[[Any], AdaptedEmbedder], given: Any) -> None:
    with pytest.raises(SettingError, match="an object of its class"):
        adapt(given)


def adapted(rows: Any) -> AdaptedEmbedder:
    def embed(texts: Sequence[str]) -> Any:
        return rows

    return AdaptedEmbedder("odd", embed, embed, threshold=0.5, identity="odd", dim=2)


@pytest.mark.parametrize(
    "rows",
    [
        [[1.0, 2.0]],
        [[1.0, 2.0, 3.0]] * 2,
        [1.0, 2.0],
        [[1.0, float("nan")], [1.0, 0.0]],
        [[1.0, float("inf")], [1.0, 0.0]],
        [[1.0, 0.0], [0.0, 0.0]],
        [[1.0], [1.0, 2.0]],
        [["a", "b"], ["c", "d"]],
        None,
    ],
)
def test_vectors_that_cannot_be_used_are_refused(rows: Any) -> None:
    with pytest.raises(EmbeddingError, match="'odd'"):
        adapted(rows).embed_documents(["one", "two"])


def test_huge_numbers_are_brought_to_length_1() -> None:
    rows = adapted([[3e300, 4e300], [3e-300, -4e-300]]).embed_questions(["one", "two"])
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.6, -0.8]], atol=1e-6)


def test_an_encoder_that_fails_is_named() -> None:
    def embed(texts: Sequence[str]) -> Any:
        raise ConnectionError("no such host")

    with pytest.raises(EmbeddingError, match="'far' failed: ConnectionError: no such host"):
        _ = AdaptedEmbedder("far", embed, embed, threshold=0.5, identity="far").dim


@pytest.mark.parametrize("change", [{"name": ""}, {"identity": ""}, {"threshold": 1.5}])
def test_settings_are_checked(change: dict[str, Any]) -> None:
    given: dict[str, Any] = {"name": "a", "threshold": 0.5, "identity": "a"} | change
    with pytest.raises(SettingError):
        AdaptedEmbedder(documents=len, questions=len, **given)
    with pytest.raises(SettingError):
        NgramEmbedder(dim=15)
    with pytest.raises(SettingError):
        NgramEmbedder(threshold=-2)


def test_fingerprints_tell_encoders_apart() -> None:
    twelve = from_langchain(DeterministicFakeEmbedding(size=12))
    all_of_them: list[TextEmbedder] = [
        twelve,
        from_langchain(DeterministicFakeEmbedding(size=13)),
        from_langchain(DeterministicFakeEmbedding(size=12), name="another"),
        from_langchain(Sided()),
        NgramEmbedder(),
        NgramEmbedder(dim=512),
    ]
    assert len({one.fingerprint for one in all_of_them}) == len(all_of_them)
    assert from_langchain(DeterministicFakeEmbedding(size=12)).fingerprint == twelve.fingerprint


def cosine(one: str, other: str) -> float:
    embedder = NgramEmbedder()
    return float(embedder.embed_questions([one])[0] @ embedder.embed_documents([other])[0])


def test_ngrams_know_spellings() -> None:
    assert (
        cosine("Who loves noodles?", "Bo loves noodles.") > 0.5 > cosine("Who loves noodles?", "Born in May.")
    )
    assert cosine("noodles", "noodle") > 0.6
    assert cosine("noodles", "pasta") < 0.2
    # Accents, case and stop words do not count; a common word counts less than a telling one.
    assert cosine("café", "CAFE") == pytest.approx(1.0, abs=1e-6)
    assert cosine("is the noodles", "noodles") == pytest.approx(1.0, abs=1e-6)
    assert cosine("likes bassoon", "bassoon") > cosine("likes bassoon", "likes")
    # What tells nothing is like nothing that does.
    assert cosine("what is it?", "noodles") == 0.0


def test_the_example_of_the_page_runs() -> None:
    page = (ROOT / "docs" / "retrieval.md").read_text(encoding="utf-8")
    (code,) = [code for language, code in blocks(page) if language == "python"]
    exec(compile(code, "docs/retrieval.md", "exec"), {})
    assert cosine("bassoonist", "Bo plays the bassoon.") >= NgramEmbedder().threshold


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_has_a_unit_vector(one: str, other: str) -> None:
    embedder = NgramEmbedder(dim=64)
    rows = embedder.embed_documents([one, other]).astype(float)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    assert -1.0 - 1e-6 <= rows[0] @ rows[1] <= 1.0 + 1e-6
