"""Vector stores of other libraries as indexes, and a whole memory on them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import hosted_trials
from benchmarks.hosted import HOSTED, Hosted, Opened
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket.exam import draw_exam
from jarvis_retrievers.index import FlatIndex, RebuildableIndex, Rebuilt, VectorIndex
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.house.tree import ROOT, blocks
from tests.memory.test_outer_index import same
from tests.retrievers import test_index

Make = Callable[[int], VectorIndex]
PAGE = ROOT / "docs" / "vector_stores.md"


class TestConformance(test_index.TestVectorIndexConformance):
    @pytest.fixture(params=list(HOSTED))
    def make(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
        hosted = HOSTED[request.param]
        if hosted.missing is not None:
            pytest.skip(f"{hosted.missing} is not installed")
        opened: list[Opened] = []
        number = itertools.count()

        def made(dim: int) -> VectorIndex:
            folder = tmp_path / str(next(number))
            folder.mkdir()
            opened.append(hosted.opened(folder, dim, 64))
            return opened[-1].index

        yield made
        for one in opened:
            one.close()


LASTING = [name for name, hosted in HOSTED.items() if hosted.lasts]


@pytest.fixture(params=LASTING)
def hosted(request: pytest.FixtureRequest) -> Hosted:
    found = HOSTED[request.param]
    if found.missing is not None:
        pytest.skip(f"{found.missing} is not installed")
    return found


def test_what_was_written_is_there_after_opening_again(hosted: Hosted, tmp_path: Path) -> None:
    rows, queries = hosted_trials.unit(300, 32, seed=1), hosted_trials.unit(3, 32, seed=2)
    flat = FlatIndex(32)
    flat.add("ana", range(300), rows)
    opened = hosted.opened(tmp_path, 32)
    opened.index.add("ben", [7], rows[:1])
    opened.index.add("ana", list(range(300)), rows)
    opened.close()
    opened = hosted.opened(tmp_path, 32)
    assert opened.index.rebuild("ana", list(range(300)), rows) == Rebuilt(300, 0, 0)
    np.testing.assert_array_equal(
        opened.index.search("ana", queries[:1], 10)[1], flat.search("ana", queries[:1], 10)[1]
    )
    # The record went on without it: other vectors, some of them under ids of before.
    ids, changed = [*range(100), *range(400, 450)], np.concatenate([rows[:90], rows[200:260]])
    done = opened.index.rebuild("ana", ids, changed)
    opened.close()
    assert done == Rebuilt(90, 60, 210)
    opened = hosted.opened(tmp_path, 32)
    assert (opened.index.count("ana"), opened.index.count("ben")) == (150, 1)
    flat.rebuild("ana", ids, changed)
    scores, found = opened.index.search("ana", queries, 150)
    expected = flat.search("ana", queries, 150)
    np.testing.assert_array_equal(found, expected[1])
    np.testing.assert_allclose(scores, expected[0], atol=1e-6)
    opened.close()


def test_sigkill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    if HOSTED["langchain-qdrant"].missing is not None:
        pytest.skip("langchain-qdrant is not installed")
    told = hosted_trials.killed("langchain-qdrant", tmp_path, 1)
    assert told["added"] >= 15
    assert (told["lost"], told["revived"], told["unusable"]) == (0, 0, 0)


@pytest.mark.parametrize("name", ["langchain-qdrant", "llama-index-qdrant"])
def test_a_memory_with_its_vectors_in_qdrant_is_the_same(name: str, tmp_path: Path) -> None:
    if HOSTED[name].missing is not None:
        pytest.skip(f"{HOSTED[name].missing} is not installed")
    exam = draw_exam(random.Random("house"), [], "heldout")
    vlm, encoder = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")

    def memory_of(index: RebuildableIndex | None = None, owner: str = "ana") -> PersonalMemory:
        return PersonalMemory.open(tmp_path / "home", owner=owner, model=vlm, clip=encoder, index=index)

    opened = HOSTED[name].opened(tmp_path / "qdrant", encoder.dim)
    with memory_of(opened.index) as memory, memory_of() as plain, memory_of(opened.index, "ben") as other:
        for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
            memory.remember(concept.name, photos[:2], notes)
        other.remember("Twin", exam.photos[0][:1])
        assert same(memory, plain, exam)
        question = f"What does {exam.concepts[0].name} wear?"
        assert memory.ask(question).text == plain.ask(question).text
        assert [found.name for found in other.recall(images=[exam.photos[0][0]])] == ["Twin"]
        ids = plain._store.vectors().ids.tolist()
        assert opened.index.count("ana") == len(ids)
    opened.close()
    # Another process: a vector was lost meanwhile, and one is forgotten while nobody had the store open.
    opened = HOSTED[name].opened(tmp_path / "qdrant", encoder.dim)
    assert opened.index.remove("ana", ids[:1]) == 1
    with memory_of() as plain:
        plain.forget(exam.concepts[1].name)
        with memory_of(opened.index) as memory:
            assert same(memory, plain, exam)
            assert opened.index.count("ana") == len(plain._store.vectors().ids)
            memory.forget_owner()
    assert opened.index.count("ana") == 0
    assert opened.index.count("ben") > 0
    opened.close()


EXAMPLES = [code for kind, code in blocks(PAGE.read_text(encoding="utf-8")) if kind == "python"]


@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("langchain_qdrant", reason="langchain-qdrant is not installed")
    pytest.importorskip("llama_index.vector_stores.qdrant", reason="llama-index-vector-stores-qdrant is not")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})
