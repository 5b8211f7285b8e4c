"""`JarvisRetriever`: LangChain's own suite, and whom it finds."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests
from pydantic import ValidationError

from jarvis_memory import PersonalMemory
from jarvis_memory.profile import profile_text
from jarvis_plugins.langchain import JarvisRetriever
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import ImageError, InputError


class TestStandard(RetrieversIntegrationTests):
    memory: PersonalMemory
    names: tuple[str, ...]

    @pytest.fixture(autouse=True)
    def _of_the_household(self, shared: PersonalMemory, exam: Exam) -> None:
        self.memory, self.names = shared, tuple(c.name for c in exam.concepts)

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return JarvisRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"memory": self.memory}

    @property
    def retriever_query_example(self) -> str:
        return f"What do {', '.join(self.names[:-1])} and {self.names[-1]} like?"


def test_a_document_has_the_profile_and_where_it_comes_from(shared: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    found = JarvisRetriever(memory=shared).invoke(f"What does {name} like?")
    concept = shared.show(name)
    assert [document.id for document in found] == [concept.id]
    document = found[0]
    assert document.page_content == profile_text(concept.profile).rstrip("\n")
    assert document.metadata["concept"] == name
    assert document.metadata["likeness"] == document.metadata["why"]["name"] == 1.0
    assert document.metadata["photos"] == [photo.id for photo in concept.photos]
    assert len(document.metadata["patches"]) == len(concept.patches)
    for patch in document.metadata["patches"]:
        left, top, right, bottom = patch["box"]
        photo = shared.photo(patch["photo"])
        assert 0 <= left < right <= photo.width
        assert 0 <= top < bottom <= photo.height
    assert document.metadata["segment"].startswith(concept.id)
    assert Document.model_validate_json(document.model_dump_json()) == document


def test_nobody_is_an_answer(shared: PersonalMemory) -> None:
    assert JarvisRetriever(memory=shared).invoke("zeppelins over Reykjavik") == []


def test_a_picture_finds_whom_it_shows_and_says_where(shared: PersonalMemory, exam: Exam) -> None:
    retriever = JarvisRetriever(memory=shared)
    for concept, photos in zip(exam.concepts, exam.photos, strict=True):
        found = retriever.invoke("Who is this?", image=photos[0])
        assert found[0].metadata["concept"] == concept.name
        region = found[0].metadata["why"]["region"]
        assert region["image"] == 0
        assert 0.9 < found[0].metadata["why"]["image"] == found[0].metadata["likeness"] <= 1.0


def test_k_bounds_also_those_who_are_named(shared: PersonalMemory, exam: Exam) -> None:
    names = [concept.name for concept in exam.concepts]
    question = f"Compare {' with '.join(names)}"
    for k in (1, 2, 3):
        assert len(JarvisRetriever(memory=shared).invoke(question, k=k)) == k
    with pytest.raises(InputError, match="k must be at least 1, got 0"):
        JarvisRetriever(memory=shared).invoke(question, k=0)
    with pytest.raises(ValidationError):
        JarvisRetriever(memory=shared, k=0)


def test_filters_leave_room_for_others(shared: PersonalMemory, exam: Exam) -> None:
    names = [concept.name for concept in exam.concepts]
    question = f"Compare {' with '.join(names)}"
    retriever = JarvisRetriever(memory=shared, k=1)
    for name in names:
        assert [d.metadata["concept"] for d in retriever.invoke(question, filter={"concept": name})] == [name]
        by_test = retriever.invoke(question, filter=lambda d, name=name: d.metadata["concept"] == name)
        assert [d.metadata["concept"] for d in by_test] == [name]
    both = retriever.invoke(question, k=3, filter={"concept": names[:2]})
    assert {d.metadata["concept"] for d in both} == set(names[:2])
    assert retriever.invoke(question, filter={"category": "unheard of"}) == []


def test_a_threshold_cuts_what_is_less_alike(shared: PersonalMemory, exam: Exam) -> None:
    retriever = JarvisRetriever(memory=shared)
    photo = exam.photos[0][0]
    first = retriever.invoke("Who is this?", image=photo)[0]
    just = first.metadata["likeness"]
    assert first in retriever.invoke("Who is this?", image=photo, score_threshold=just)
    assert retriever.invoke("Who is this?", image=photo, score_threshold=min(1.0, just + 1e-4)) == []


async def test_the_event_loop_goes_on_meanwhile(shared: PersonalMemory, exam: Exam) -> None:
    seen: set[int] = set()

    class Watched(JarvisRetriever):
        def _get_relevant_documents(
            self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **more: Any
        ) -> list[Document]:
            seen.add(threading.get_ident())
            return super()._get_relevant_documents(query, run_manager=run_manager, **more)

    retriever = Watched(memory=shared)
    names = [concept.name for concept in exam.concepts]
    told = await asyncio.gather(*(retriever.ainvoke(f"What does {name} like?") for name in names))
    assert [documents[0].metadata["concept"] for documents in told] == names
    assert threading.get_ident() not in seen
    assert await retriever.abatch([f"Who is {names[0]}?"]) == [told[0]]


def test_what_cannot_be_read_is_said(shared: PersonalMemory) -> None:
    with pytest.raises(ImageError, match="not an image"):
        JarvisRetriever(memory=shared).invoke("Who is this?", image=b"no picture")
