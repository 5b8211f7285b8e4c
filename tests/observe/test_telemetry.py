"""Spans and metrics tell what was done, how long it took, and nothing that somebody wrote."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing, closing
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from jarvis_memory import PersonalMemory, ask_together
from jarvis_memory.chat import ChatRequest, Message
from jarvis_memory.kv import Segment
from jarvis_memory.telemetry import model_word
from jarvis_memory.telemetry_names import ATTRIBUTES, METRICS, SPANS
from jarvis_memory.tiers import Quotas, SegmentTiers, TierKey
from jarvis_memory.together import Ask
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError, UnknownConceptError
from tests.observe.conftest import Heard

STAGES = ["jarvis.retrieve", "jarvis.load", "jarvis.compose", "jarvis.prefill", "jarvis.decode"]


def names(spans: list[ReadableSpan]) -> list[str]:
    return [span.name for span in spans]


def of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def lasted(span: ReadableSpan) -> int:
    assert span.start_time is not None
    assert span.end_time is not None
    return span.end_time - span.start_time


def check_times(parent: ReadableSpan, stages: list[ReadableSpan]) -> None:
    """Stages lie within the call, one behind the other, and take no longer than it in all."""
    assert sum(map(lasted, stages)) <= lasted(parent)
    before = parent.start_time or 0
    for stage in sorted(stages, key=lambda one: one.start_time or 0):
        # Clocks of two kinds: of the calendar for beginnings, and one that never goes back for times.
        assert (stage.start_time or 0) >= before - 2_000_000
        before = stage.end_time or 0
    assert before <= (parent.end_time or 0)


def test_a_question_is_a_span_with_its_stages(household: PersonalMemory, exam: Exam, heard: Heard) -> None:
    answer = household.ask(f"What does {exam.concepts[0].name} like?")
    (span,) = heard.spans("jarvis.ask")
    stages = heard.children(span)
    assert names(stages) == STAGES
    check_times(span, stages)
    assert of(span) == {
        "jarvis.operation": "ask",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "jarvis",
        "gen_ai.request.model": "pocket",
        "jarvis.mode": "compose",
        "jarvis.concepts": 1,
        "gen_ai.usage.input_tokens": answer.usage.reused + answer.usage.computed,
        "gen_ai.usage.output_tokens": answer.usage.generated,
        "gen_ai.usage.cache_read.input_tokens": answer.usage.reused,
        "gen_ai.response.time_to_first_chunk": answer.timings.ttft,
    }
    assert span.status.status_code is StatusCode.UNSET
    prefill, decode = stages[3:]
    assert lasted(prefill) == pytest.approx(1e9 * answer.timings.first_token, abs=2)
    assert lasted(decode) == pytest.approx(1e9 * answer.timings.generate, abs=2)


def test_counters_are_what_happened(household: PersonalMemory, exam: Exam, heard: Heard) -> None:
    first, second = (concept.name for concept in exam.concepts[:2])
    answers = [household.ask(f"What does {first} like?") for _ in range(3)]
    household._store.drop_segments(household.show(second).id)
    household._engine.dismiss(household.show(second).id)
    answers.append(household.ask(f"What does {second} like?"))
    household.recall(f"What does {second} like?")
    assert heard.counts("jarvis.questions") == {("compose",): 4}
    assert heard.counts("jarvis.segment.hits") == {("disk",): 1, ("ram",): 2}
    assert heard.counts("jarvis.segment.misses") == {("missing",): 1}
    assert heard.counts("jarvis.segment.encodes") == {(): 1}
    assert heard.counts("jarvis.stage.duration") == {
        **{(stage.removeprefix("jarvis."),): 4 for stage in STAGES},
        ("retrieve",): 5,
    }
    chat = ("chat", "jarvis", "pocket")
    assert heard.counts("gen_ai.server.time_to_first_token") == {chat: 4}
    (ttft,) = heard.sums("gen_ai.server.time_to_first_token").values()
    assert ttft == pytest.approx(sum(one.timings.ttft for one in answers))
    assert heard.sums("gen_ai.client.token.usage") == {
        (*chat, "input"): sum(one.usage.reused + one.usage.computed for one in answers),
        (*chat, "output"): sum(one.usage.generated for one in answers),
    }
    retrieval = ("retrieval", "jarvis", "pocket")
    assert heard.counts("gen_ai.client.operation.duration") == {chat: 4, retrieval: 1}
    assert heard.counts("jarvis.operation.duration") == {("ask",): 4, ("recall",): 1}
    held = heard.counts("jarvis.cache.bytes")
    assert held["ram",] >= sum(household._engine.tiers.nbytes()) > 0
    assert set(held) == {("ram",), ("gpu",), ("sessions",)}


def test_a_damaged_segment_is_a_miss_with_its_reason(
    household: PersonalMemory, exam: Exam, heard: Heard
) -> None:
    concept = household.show(exam.concepts[0].name)
    store = household._store
    store.put_segment(concept.id, household.node.fingerprint, b"rotten", updated=concept.updated)
    household._engine.dismiss(concept.id)
    assert household.ask(f"What does {concept.name} like?").notices
    assert heard.counts("jarvis.segment.misses") == {("damaged",): 1}


def test_what_is_written_is_a_span(household: PersonalMemory, exam: Exam, heard: Heard) -> None:
    name = exam.concepts[0].name
    household.update(name, about="It sleeps a lot.")
    household.edit(name, caption="A quiet one.")
    household.forget(name)
    calls = [span for span in heard.spans() if span.parent is None]
    assert names(calls) == ["jarvis.update", "jarvis.edit", "jarvis.forget"]
    written = ["jarvis.mine", "jarvis.encode", "jarvis.store"]
    for span, wanted in zip(calls, (written, written, []), strict=True):
        stages = heard.children(span)
        assert [one.name for one in stages if one.name in written] == wanted
        assert sum(lasted(one) for one in stages if one.name in written) <= lasted(span)
    assert heard.counts("jarvis.operation.duration") == {("update",): 1, ("edit",): 1, ("forget",): 1}


def test_an_error_is_told_without_its_words(shared: PersonalMemory, heard: Heard) -> None:
    with pytest.raises(UnknownConceptError, match="Qwertz"):
        shared.ask("Who is it?", only=["Qwertz"])
    with pytest.raises(InputError):
        next(shared.stream("  "))
    kinds = [of(span)["error.type"] for span in heard.spans("jarvis.ask")]
    assert kinds == ["UnknownConceptError", "InputError"]
    for span in heard.spans():
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
        assert not span.events
    assert heard.counts("jarvis.operation.duration") == {("ask", kind): 1 for kind in kinds}
    assert heard.counts("jarvis.questions") == {}


def test_a_stream_ends_with_its_last_piece(shared: PersonalMemory, exam: Exam, heard: Heard) -> None:
    question = f"What does {exam.concepts[0].name} like?"
    pieces = shared.stream(question)
    assert heard.spans("jarvis.ask") == []
    said = "".join(pieces)
    assert said == shared.ask(question).text
    stream, whole = heard.spans("jarvis.ask")
    assert of(stream)["gen_ai.request.stream"] is True
    assert names(heard.children(stream)) == STAGES
    check_times(stream, heard.children(stream))
    assert "gen_ai.request.stream" not in of(whole)


@pytest.mark.parametrize("read", [0, 1])
def test_a_stream_that_is_closed_early_ends_there(
    shared: PersonalMemory, exam: Exam, heard: Heard, read: int
) -> None:
    with closing(shared.tell(f"What does {exam.concepts[0].name} like?")) as pieces:  # type: ignore[type-var]
        for _ in range(read):
            next(pieces)
    (span,) = heard.spans("jarvis.ask")
    assert of(span)["jarvis.stopped"] is True
    assert names(heard.children(span)) == STAGES[:3]
    assert heard.counts("jarvis.questions") == {}
    # Nothing of it is left behind: what comes next has no parent.
    shared.recall("Who?")
    assert heard.spans("jarvis.recall")[0].parent is None


def test_a_stream_that_nobody_reads_ends_too(shared: PersonalMemory, exam: Exam, heard: Heard) -> None:
    shared.stream(f"What does {exam.concepts[0].name} like?")
    (span,) = heard.spans("jarvis.ask")
    assert of(span)["jarvis.stopped"] is True


def test_a_conversation_is_a_span_with_its_stages(
    household: PersonalMemory, exam: Exam, heard: Heard
) -> None:
    asked = Message("user", (f"What does {exam.concepts[0].name} like?",))
    reply = household.chat(ChatRequest((asked,)))
    (span,) = heard.spans("jarvis.chat")
    stages = heard.children(span)
    assert sorted(names(stages)) == sorted(STAGES)
    assert sum(map(lasted, stages)) <= lasted(span)
    about = of(span)
    assert "jarvis.stopped" not in about
    assert about["gen_ai.usage.input_tokens"] == reply.prompt_tokens
    assert about["gen_ai.usage.cache_read.input_tokens"] == reply.reused_tokens
    assert about["gen_ai.usage.output_tokens"] == reply.generated_tokens
    assert heard.counts("jarvis.cache.bytes")["sessions",] > 0


async def test_threads_beside_the_loop_keep_the_caller_as_parent(
    shared: PersonalMemory, exam: Exam, heard: Heard
) -> None:
    from jarvis_memory.telemetry import telemetry

    question = f"What does {exam.concepts[0].name} like?"
    with telemetry().tracer.start_as_current_span("request") as request:
        await shared.aask(question)
        said = [piece async for piece in shared.astream(question)]
        assert trace.get_current_span() is request
    assert said
    asked = heard.spans("jarvis.ask")
    parents = [span.parent.span_id if span.parent else None for span in asked]
    assert parents == [request.get_span_context().span_id] * 2
    for span in asked:
        assert names(heard.children(span)) == STAGES


async def test_a_reader_who_leaves_the_loop_ends_the_span(
    shared: PersonalMemory, exam: Exam, heard: Heard
) -> None:
    async with aclosing(shared.astream(f"What does {exam.concepts[0].name} like?")) as pieces:  # type: ignore[type-var]
        async for _ in pieces:
            break
    for _ in range(200):
        if heard.spans("jarvis.ask"):
            break
        await asyncio.sleep(0.02)
    # The thread may have come to the end before it was told to stop.
    (span,) = heard.spans("jarvis.ask")
    assert names(heard.children(span))[:3] == STAGES[:3]


def test_questions_that_are_answered_together(shared: PersonalMemory, exam: Exam, heard: Heard) -> None:
    asks = [Ask(shared, f"What does {concept.name} like?") for concept in exam.concepts]
    answers = ask_together(asks)
    (span,) = heard.spans("jarvis.ask_many")
    assert Counter(names(heard.children(span))) == dict.fromkeys(STAGES, len(answers))
    assert heard.counts("jarvis.questions") == {("compose",): len(answers)}


def test_evictions_are_counted(household: PersonalMemory, exam: Exam, heard: Heard) -> None:
    concept = household.show(exam.concepts[0].name)
    segment: Segment = household._engine.keeper.get(concept).segment
    tiers = SegmentTiers(Quotas(ram=int(2.5 * segment.nbytes)), household.node.device)
    from jarvis_memory.operation import Operation

    with Operation("ask", None, "pocket") as work:
        for number in range(5):
            tiers.put(TierKey(str(number), 0, "f"), segment)
    work.end()
    assert heard.counts("jarvis.segment.evictions") == {("ram",): 3}


def test_only_known_names_are_used(household: PersonalMemory, exam: Exam, heard: Heard) -> None:
    household.ask(f"What does {exam.concepts[0].name} like?")
    household.chat(ChatRequest((Message("user", ("Who is there?",)),)))
    with pytest.raises(InputError):
        household.recall("Who?", k=0)
    used = {name for span in heard.spans() for name in of(span)}
    assert used <= set(ATTRIBUTES)
    assert {span.name for span in heard.spans()} <= set(SPANS)
    told = list(heard.points())
    assert {name for name, _, _ in told} <= set(METRICS)
    for name, attributes, _ in told:
        assert set(attributes) <= set(METRICS[name].attributes)


def test_a_folder_is_not_named(tmp_path: Any) -> None:
    assert model_word("pocket") == "pocket"
    assert model_word("Qwen/Qwen3-VL-2B-Instruct") == "Qwen/Qwen3-VL-2B-Instruct"
    assert model_word(str(tmp_path)) == model_word("my-daughter") == "local"
