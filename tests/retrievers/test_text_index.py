"""Texts found by a text encoder, alone and beside the other paths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jarvis_retrievers import ColourEncoder, ConceptRetriever, Entry, FlatIndex, NgramEmbedder, TextIndex
from jarvis_retrievers.errors import InputError

EMBEDDER = NgramEmbedder(dim=256, threshold=0.3)
NOTES = {
    "bo": ["Bo loves noodles.", "Bo plays the bassoon."],
    "mimi": ["Mimi sleeps on the piano."],
    "zara": ["Zara hates noodles and bassoons."],
}


def filled() -> TextIndex:
    index = TextIndex(EMBEDDER)
    for key, notes in NOTES.items():
        index.put(key, EMBEDDER.embed_documents(notes))
    return index


@settings(deadline=None, max_examples=30)
@given(
    question=st.sampled_from(["noodles", "Who plays bassoon?", "a piano", "sleeping zara", "", "of the"]),
    gone=st.sets(st.sampled_from(sorted(NOTES))),
)
def test_it_finds_what_brute_force_finds(question: str, gone: set[str]) -> None:
    index = filled()
    index.remove(gone)
    asked = EMBEDDER.embed_questions([question])[0].astype(float)
    best = {
        key: max(float(row @ asked) for row in EMBEDDER.embed_documents(notes).astype(float))
        for key, notes in NOTES.items()
        if key not in gone
    }
    wanted = sorted((key for key in best if best[key] >= 0.3), key=lambda key: -best[key])
    found = index.search(question, 100)
    assert [key for key, _ in found] == wanted
    np.testing.assert_allclose([score for _, score in found], [best[key] for key in wanted], atol=1e-5)


def test_new_texts_take_the_place_of_old_ones() -> None:
    index = filled()
    index.put("bo", EMBEDDER.embed_documents(["Bo collects stamps."]))
    assert [key for key, _ in index.search("stamps", 10)] == ["bo"]
    assert [key for key, _ in index.search("noodles", 10)] == ["zara"]
    assert len(index) == 3
    with pytest.raises(InputError, match="shape"):
        index.put("bo", np.zeros((1, 3), np.float32))
    assert [key for key, _ in index.search("stamps", 10)] == ["bo"]
    index.remove(["bo", "mimi", "zara", "nobody"])
    assert index.search("stamps", 10) == []


ENCODER = ColourEncoder()
ENTRIES = [Entry(key, (key.title(),)) for key in NOTES]


def retriever() -> ConceptRetriever:
    return ConceptRetriever(ENCODER, FlatIndex(ENCODER.dim), texts=filled())


def test_the_path_is_fused_with_the_others() -> None:
    found = retriever().retrieve("ana", "Who loves noodles?", entries=ENTRIES)
    assert found.keys == ("bo", "zara")
    assert [hit.score for hit in found.hits] == pytest.approx([1 / 61, 1 / 62])
    (wanted,) = EMBEDDER.embed_questions(["Who loves noodles?"]) @ EMBEDDER.embed_documents(NOTES["bo"][:1]).T
    assert found.hits[0].text == pytest.approx(float(wanted[0]), abs=1e-5)
    assert found.hits[0].name is None


def test_a_name_decides_before_texts_do_and_so_does_a_picture() -> None:
    assert retriever().retrieve("ana", "Does Mimi love noodles?", entries=ENTRIES).keys == ("mimi",)
    picture = Image.new("RGB", (32, 32), "red")
    assert retriever().retrieve("ana", "Who loves noodles?", [picture], ENTRIES).keys == ()


def test_texts_of_who_is_not_asked_about_do_not_count() -> None:
    assert retriever().retrieve("ana", "Who loves noodles?", entries=ENTRIES[1:]).keys == ("zara",)


def test_the_encoder_of_pictures_leaves_profile_texts_to_it() -> None:
    index = FlatIndex(ENCODER.dim)
    index.add("ana", [1], ENCODER.encode_texts(["stamps"]))
    entries = [Entry("bo", ("Bo",), text_vector_ids=(1,))]
    alone = ConceptRetriever(ENCODER, index)
    assert alone.retrieve("ana", "stamps", entries=entries).keys == ("bo",)
    both = ConceptRetriever(ENCODER, index, texts=filled())
    assert both.retrieve("ana", "stamps", entries=entries).keys == ()
