"""`JarvisLLM` with a memory, and the events that its answers make."""

from __future__ import annotations

from pathlib import Path

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMChatStartEvent

from jarvis_memory import VLM, PersonalMemory
from jarvis_plugins.llama_index import (
    ConceptRetrievalEvent,
    JarvisLLM,
    PersonalQueryEngine,
    SegmentLoadEvent,
    SegmentReuseEvent,
)
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError, UnknownConceptError
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.llama_index.chat import asked, events, scripted


def test_a_memory_answers_about_whom_is_asked(shared: PersonalMemory, exam: Exam) -> None:
    llm = JarvisLLM(memory=shared)
    for item in exam.items:
        images = [] if item.image is None else [item.image]
        response = llm.chat([asked(*images, item.question.text)])
        answer = shared.ask(item.question.text, images)
        assert response.message.content == answer.text
        assert response.raw is not None
        assert response.raw["concepts"] == list(answer.concepts)
        assert response.additional_kwargs["reused_tokens"] >= answer.usage.reused
    stranger = llm.complete("What does Qwertz like?").raw
    assert stranger is not None
    assert stranger["concepts"] == []


def test_ids_say_whom_it_answers_from(shared: PersonalMemory) -> None:
    llm, there = JarvisLLM(memory=shared), shared.list()
    question = f"What does {there[0].name} like?"
    ids = [there[1].id, there[0].id]

    def concepts(*messages: ChatMessage, **options: object) -> list[str]:
        raw = llm.chat(messages, **options).raw
        assert raw is not None
        names: list[str] = raw["concepts"]
        return names

    both = [there[1].name, there[0].name]
    assert concepts(asked(question), concepts=ids) == both
    assert concepts(asked(question, concepts=ids)) == both
    assert concepts(asked(question, concepts=ids), concepts=ids[:1]) == both[:1]  # the call says it last
    assert concepts(asked(question, concepts=[])) == []
    # What was said of an earlier turn does not bind this one.
    assert concepts(asked("Hi", concepts=ids[:1]), asked(question)) == [there[0].name]


def test_concepts_of_others_and_without_a_memory_are_refused(
    shared: PersonalMemory, tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder, exam: Exam
) -> None:
    with PersonalMemory.open(tmp_path / "home", owner="eve", model=vlm, clip=encoder) as eve:
        own = eve.remember("Zorbino", list(exam.photos[0]), "Zorbino likes rice.")
    for ids in ([own.id], ["nobody"]):
        with pytest.raises(UnknownConceptError):
            JarvisLLM(memory=shared).complete("Hi", concepts=ids)
        with pytest.raises(UnknownConceptError):
            JarvisLLM(memory=shared).chat([asked("Hi", concepts=ids)])
    with pytest.raises(InputError, match="knows no concepts"):
        scripted()[0].complete("Hi", concepts=["x"])


def test_it_is_made_of_one_model_or_of_one_memory(shared: PersonalMemory, vlm: VLM) -> None:
    with pytest.raises(ValueError, match="one of model and memory"):
        JarvisLLM(model="pocket", memory=shared)
    llm = JarvisLLM(memory=shared)
    assert "memory" not in repr(llm)
    assert "memory" not in llm.to_dict()
    assert llm.to_payload()["model_name"] == vlm.name  # before anything is loaded
    assert (llm.metadata.model_name, llm.metadata.context_window) == (vlm.name, vlm.window)


async def test_each_retrieval_load_and_reuse_is_an_event(household: PersonalMemory, exam: Exam) -> None:
    concept = household.show(exam.concepts[0].name)
    question = f"What does {concept.name} like?"
    for asynchronous in (False, True):
        with events() as seen:
            llm = JarvisLLM(memory=household)
            response = await llm.achat([asked(question)]) if asynchronous else llm.chat([asked(question)])
        (found,), (load,), (reuse,) = (
            seen.of(kind) for kind in (ConceptRetrievalEvent, SegmentLoadEvent, SegmentReuseEvent)
        )
        assert [one["name"] for one in found.concepts] == [concept.name]
        assert (found.query, found.images, found.concepts[0]["id"]) == (question, 0, concept.id)
        assert (load.concept_id, load.concept) == (concept.id, concept.name)
        assert load.origin == ("hand" if asynchronous else "store")
        assert load.nbytes > load.tokens > 0
        assert reuse.reused_tokens == response.additional_kwargs["reused_tokens"] >= load.tokens
        assert reuse.prompt_tokens == response.additional_kwargs["prompt_tokens"]
        assert reuse.concepts == [concept.name]
        order = [type(event) for event in seen.seen]
        expected = (
            LLMChatStartEvent,
            ConceptRetrievalEvent,
            SegmentLoadEvent,
            SegmentReuseEvent,
            LLMChatEndEvent,
        )
        assert [order.index(kind) for kind in expected] == sorted(order.index(kind) for kind in expected)
        spans = {event.span_id for event in (found, load, reuse, *seen.of(LLMChatEndEvent))}
        assert len(spans) == 1
        assert None not in spans


async def test_events_of_a_stream_are_of_its_span(shared: PersonalMemory, exam: Exam) -> None:
    llm, question = JarvisLLM(memory=shared), f"What does {exam.concepts[0].name} like?"
    with events() as seen:
        list(llm.stream_chat([asked(question)]))
        _ = [piece async for piece in await llm.astream_chat([asked(question)])]
    reuses, ends = seen.of(SegmentReuseEvent), seen.of(LLMChatEndEvent)
    assert [event.span_id for event in reuses] == [event.span_id for event in ends]
    assert None not in [event.span_id for event in reuses]


def test_a_forgotten_segment_is_encoded_and_said_so(household: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[1].name
    household.edit(name, facts=[f"{name} likes noodles."])
    engine = PersonalQueryEngine(household)
    with events() as seen:
        engine.query(f"What does {name} like?")
        engine.query(f"What does {name} like?")
    assert len(seen.of(ConceptRetrievalEvent)) == 2  # once for each question
    assert [load.origin for load in seen.of(SegmentLoadEvent)] == ["store", "hand"]
