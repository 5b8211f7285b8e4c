"""A text encoder beside the models: kept with concepts, made anew where it has to be, and told by `why`."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from numpy.typing import NDArray

from jarvis_memory import PersonalMemory
from jarvis_pocket.exam import Exam
from jarvis_retrievers import NgramEmbedder, from_langchain
from jarvis_retrievers.errors import EmbeddingError, SettingError
from tests.memory.conftest import Opener

QUESTION = "Who collects old bassoons?"


class Counting(NgramEmbedder):
    """Counts the texts that it is given."""

    def __init__(self, dim: int = 256) -> None:
        super().__init__(dim, threshold=0.3)
        self.seen = 0

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen += len(texts)
        return super().embed_documents(texts)

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return NgramEmbedder.embed_documents(self, texts)


@pytest.fixture(scope="module")
def notes() -> list[str]:
    return ["Collects bassoon reeds and old bassoons.", "Sleeps on pianos.", "Fears thunder."]


def remembered(memory: PersonalMemory, exam: Exam, notes: Sequence[str]) -> list[str]:
    for concept, photos, note in zip(exam.concepts, exam.photos, notes, strict=True):
        memory.remember(concept.name, [photos[0]], note)
    return [concept.name for concept in exam.concepts]


def test_it_is_kept_found_and_told(
    opened: Opener, exam: Exam, notes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = Counting()
    with opened(texts=embedder) as memory:
        names = remembered(memory, exam, notes)
        told = memory.why(QUESTION)
        assert [find.concept.name for find in told.found] == names[:1]
        concept = memory.show(names[0])
        facts = [
            concept.profile.caption or f"a photo of a {concept.profile.category}",
            *concept.profile.facts,
        ]
        cosines = embedder.embed_questions([QUESTION]) @ NgramEmbedder.embed_documents(embedder, facts).T
        assert told.found[0].hit.text == pytest.approx(float(cosines.max()), abs=2e-3)  # rows are fp16
        # Words find it as well: both paths give their share.
        assert told.found[0].words is not None
        assert told.found[0].hit.score == pytest.approx(2 / 61)
        assert [one.by_text for one in memory.recall(QUESTION)] == [told.found[0].hit.text]
        # A spelling that no stem of a word reaches.
        assert [one.name for one in memory.recall("bassoonist")] == names[:1]
        assert memory.recall("bassoonist")[0].by_words is None
        assert memory.recall("zeppelins over Reykjavik") == []
        assert memory.verify() == []
        seen = embedder.seen
    kept = Counting()
    with opened(texts=kept) as memory:  # read, not made again
        assert [one.name for one in memory.recall("bassoonist")] == names[:1]
        assert (kept.seen, seen > 0) == (0, True)
    with opened() as memory:  # without it all is as it was
        assert memory.recall("bassoonist") == []


def test_an_update_makes_new_ones_and_forgetting_takes_them(
    opened: Opener, exam: Exam, notes: list[str]
) -> None:
    memory = opened(texts=Counting())
    names = remembered(memory, exam, notes)
    assert memory.recall("lighthousekeeper") == []
    memory.update(names[1], about="Keeps a lighthouse.")
    assert [one.name for one in memory.recall("lighthousekeeper")] == [names[1]]
    memory.forget(names[0])
    assert memory.recall("bassoonist") == []
    assert len(memory._store.texts(None)) == 2


def test_another_encoder_makes_its_own(opened: Opener, exam: Exam, notes: list[str], tmp_path: Path) -> None:
    with opened(texts=Counting(dim=64)) as memory:
        names = remembered(memory, exam, notes)
        segments = [
            memory._store.get_segment(concept.id, memory.node.fingerprint) for concept in memory.list()
        ]
    other = Counting(dim=256)
    with opened(texts=other, read_only=True) as memory:  # nothing can be kept, it is found all the same
        assert [one.name for one in memory.recall("bassoonist")] == names[:1]
        assert other.seen > 0
        assert memory._store.texts(other.fingerprint) == {}
    with opened(texts=Counting()) as memory:
        assert memory.reindex() == 3
        assert memory.reindex() == 0
        assert set(memory._store.texts(other.fingerprint)) == {concept.id for concept in memory.list()}
        # No photo was mined and no segment encoded for it.
        assert segments == [
            memory._store.get_segment(concept.id, memory.node.fingerprint) for concept in memory.list()
        ]
    last = Counting(dim=128)
    with opened(texts=last) as memory:  # a question does it as well
        assert [one.name for one in memory.recall("bassoonist")] == names[:1]
        assert len(memory._store.texts(last.fingerprint)) == 3
        assert memory.verify() == []


def test_a_home_from_before_gets_them(opened: Opener, exam: Exam, notes: list[str]) -> None:
    with opened() as memory:
        names = remembered(memory, exam, notes)
        assert memory._store.texts(None) == {}
    with opened(texts=Counting()) as memory:
        assert [one.name for one in memory.recall("bassoonist")] == names[:1]
        assert len(memory._store.texts(None)) == 3


def test_damaged_ones_are_made_again(
    opened: Opener, exam: Exam, notes: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(texts=Counting()) as memory:
        names = remembered(memory, exam, notes)
    connection = sqlite3.connect(tmp_path / "home" / "catalogue.sqlite", isolation_level=None)
    connection.execute("UPDATE vectors SET data = zeroblob(512) WHERE kind LIKE 'texts/%'")
    connection.close()
    with opened(texts=Counting()) as memory, caplog.at_level(logging.WARNING):
        assert [finding.kind for finding in memory.verify()] == ["texts"] * 3
        assert [one.name for one in memory.recall("bassoonist")] == names[:1]
        assert "damage.found" in caplog.text
        assert memory.verify() == []


def test_any_embeddings_of_langchain(opened: Opener, exam: Exam, notes: list[str]) -> None:
    with opened(texts=from_langchain(DeterministicFakeEmbedding(size=24), threshold=0.99)) as memory:
        names = remembered(memory, exam, notes)
        fact = memory.show(names[2]).profile.facts[0]
        # It knows equal texts only; without the name in it words and texts decide.
        found = {one.name: one.by_text for one in memory.recall(fact)}
        assert names[2] in found
        assert {rows.shape[1] for rows in memory._store.texts(None).values()} == {24}


def test_what_is_no_text_encoder_is_refused_first(opened: Opener) -> None:
    for wrong in (DeterministicFakeEmbedding(size=4), NgramEmbedder, "ngrams"):
        with pytest.raises(SettingError, match="from_langchain"):
            opened(texts=wrong)


def test_one_that_fails_is_told(opened: Opener, exam: Exam, notes: list[str]) -> None:
    def fail(texts: Sequence[str]) -> object:
        raise TimeoutError("too slow")

    from jarvis_retrievers import AdaptedEmbedder

    broken = AdaptedEmbedder("far", fail, fail, threshold=0.5, identity="far", dim=8)
    memory = opened(texts=broken)
    with pytest.raises(EmbeddingError, match="too slow"):
        memory.remember(exam.concepts[0].name, [exam.photos[0][0]], notes[0])
    assert memory.list() == []  # nothing is half remembered
