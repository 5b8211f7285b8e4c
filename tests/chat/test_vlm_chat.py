"""Conversations with models: every logit is that of computing all of it at once, however much was known."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from jarvis_memory.chat import ChatRequest, ChatVLM, Message, Sampling, Sessions, Tool, ToolCall
from jarvis_memory.chat.asked import Recalled
from jarvis_memory.kv import Mode
from jarvis_memory.vlm import VLM
from jarvis_retrievers.errors import (
    DeadlineError,
    InputError,
    SettingError,
    UnsupportedModelError,
    WindowError,
)
from tests.chat.templates import HERMES
from tests.kv.tiny import FAMILIES, SETTINGS, bo, make_tiny, mug, picture

WEATHER = Tool(
    "weather",
    "Tells the weather.",
    {
        "type": "object",
        "properties": {"city": {"enum": ["Bo", "Mia"]}, "days": {"type": "integer", "maximum": 9}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
)


@pytest.fixture(scope="module", params=FAMILIES)
def vlm(request: pytest.FixtureRequest) -> VLM:
    tiny = make_tiny(request.param)
    tiny.processor.chat_template = HERMES
    return VLM(tiny.model, tiny.processor, f"tiny-{request.param}", settings=SETTINGS)


@pytest.fixture(scope="module")
def qwen() -> VLM:
    tiny = make_tiny("qwen2_5_vl")
    tiny.processor.chat_template = HERMES
    return VLM(tiny.model, tiny.processor, "tiny", settings=SETTINGS)


def user(*content: Any) -> Message:
    return Message("user", content)


def turns(*said: str) -> list[Message]:
    """A conversation: system, then user and assistant in turn; the first question shows a picture."""
    roles = ("user", "assistant")
    told = [Message(roles[at % 2], (text,)) for at, text in enumerate(said)]  # type: ignore[arg-type]
    return [Message("system", ("Be brief.",)), user(picture(3, (48, 32)), *told[0].content), *told[1:]]


def logits_of(chat: ChatVLM, request: ChatRequest, recalled: Recalled | None = None) -> torch.Tensor:
    """Of the first token, as the chat computes them."""
    asked = chat.read(request, remembering=recalled is not None)
    run = chat._begin(asked, recalled)
    return chat.vlm.parts.runner.run(run.inputs, run.at, run.cache)


def recalled(chat: ChatVLM, mode: Mode) -> Recalled:
    segments = tuple(chat.vlm.encode_segment(source) for source in (bo(), mug()))

    def make(behind: Any) -> Any:
        return chat.vlm.context(segments, mode, behind=behind)

    return Recalled(segments, make, (mode, "bo", "mug"))


def test_a_turn_that_goes_on_is_that_of_computing_all_of_it(vlm: VLM) -> None:
    chat = ChatVLM(vlm)
    first = chat.chat(ChatRequest(turns("What hangs there?"), max_new_tokens=6))
    follow = ChatRequest(turns("What hangs there?", first.text, "And the mug?"), max_new_tokens=6)
    expected = logits_of(ChatVLM(vlm, Sessions(0)), follow)
    torch.testing.assert_close(logits_of(chat, follow), expected, atol=1e-4, rtol=1e-4)
    told, fresh = chat.chat(follow), ChatVLM(vlm, Sessions(0)).chat(follow)
    assert told.text == fresh.text
    assert fresh.reused_tokens == 0
    assert told.prompt_tokens == fresh.prompt_tokens
    # All of the first turn up to where its answer may have been written with other tokens.
    assert first.prompt_tokens <= told.reused_tokens < told.prompt_tokens


def test_images_of_earlier_turns_are_not_looked_at_again(qwen: VLM, monkeypatch: pytest.MonkeyPatch) -> None:
    chat, seen = ChatVLM(qwen), list[int]()
    features = qwen.parts.runner.features

    def counted(pixels: Any) -> Any:
        seen.append(0 if pixels is None else len(pixels.counts))
        return features(pixels)

    monkeypatch.setattr(qwen.parts.runner, "features", counted)
    first = chat.chat(ChatRequest(turns("Hi?"), max_new_tokens=2))
    assert sum(seen) == 1
    seen.clear()
    chat.chat(ChatRequest([*turns("Hi?", first.text), user(picture(4), "And?")], max_new_tokens=2))
    assert sum(seen) == 1  # the new one alone


def test_another_picture_is_another_conversation(qwen: VLM) -> None:
    chat = ChatVLM(qwen)
    chat.chat(ChatRequest([user(picture(1), "Hi?")], max_new_tokens=2))
    other = ChatRequest([user(picture(2), "Hi?")], max_new_tokens=2)
    expected = logits_of(ChatVLM(qwen, Sessions(0)), other)
    torch.testing.assert_close(logits_of(chat, other), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("mode", [Mode.EXACT, Mode.BLEND, Mode.LINK, Mode.COMPOSE])
def test_segments_stand_behind_the_head_that_there_is(vlm: VLM, mode: Mode) -> None:
    """Exact mode is the oracle of a full prefill; blend at 100 % must be the same."""
    from jarvis_memory.kv import Repair

    full = VLM(vlm._model, vlm.parts.processor, vlm.name, settings=SETTINGS, repair=Repair(blend_share=1.0))
    chat = ChatVLM(full, Sessions(0))
    request = ChatRequest(turns("What does Bo like?"), tools=[WEATHER])
    recall = recalled(chat, mode)
    asked = chat.read(request, remembering=True)
    assert not asked.plain
    logits = logits_of(chat, request, recall)
    inputs = [full.head(asked.head.token_ids).inputs, *(segment.inputs for segment in recall.segments)]
    whole = type(inputs[0]).join([*inputs, asked.body.inputs(full.parts.runner)])
    from transformers import DynamicCache

    expected = full.parts.runner.run(whole, 0, DynamicCache(config=full.parts.runner.config))
    if mode in (Mode.EXACT, Mode.BLEND):
        torch.testing.assert_close(logits, expected, atol=2e-3, rtol=1e-3)
    else:
        assert not torch.allclose(logits, expected, atol=2e-3)


def test_behind_the_prefix_itself_a_conversation_is_a_question(vlm: VLM) -> None:
    chat = ChatVLM(vlm)
    recall = recalled(chat, Mode.COMPOSE)
    request = ChatRequest([user(picture(3), "What does Bo like?")], max_new_tokens=8)
    asked = chat.read(request, remembering=True)
    assert asked.plain
    reply = list(chat.say(asked, recall))[-1]
    said = vlm.generate(vlm.context(recall.segments), "What does Bo like?", [picture(3)], max_new_tokens=8)
    assert not isinstance(reply, str)
    assert reply.text == said.text
    assert reply.reused_tokens == said.reused_tokens
    assert reply.prompt_tokens == said.reused_tokens + said.prompt_tokens


def test_a_turn_behind_segments_takes_their_rows_from_the_session(qwen: VLM) -> None:
    chat = ChatVLM(qwen)
    recall = recalled(chat, Mode.COMPOSE)
    first = ChatRequest(turns("What does Bo like?"), max_new_tokens=4)
    reply = list(chat.say(chat.read(first, remembering=True), recall))[-1]
    assert not isinstance(reply, str)
    follow = ChatRequest(turns("What does Bo like?", reply.text, "And the mug?"), max_new_tokens=4)
    made: list[Any] = []

    def make(behind: Any) -> Any:
        made.append(behind)
        return recall.make(behind)

    counted = Recalled(recall.segments, make, recall.label)
    expected = logits_of(ChatVLM(qwen, Sessions(0)), follow, recall)
    torch.testing.assert_close(logits_of(chat, follow, counted), expected, atol=1e-4, rtol=1e-4)
    assert made == []
    other = Recalled(recall.segments, recall.make, "another context")
    torch.testing.assert_close(logits_of(chat, follow, other), expected, atol=1e-4, rtol=1e-4)


def test_demanded_calls_follow_the_schema_whatever_the_model_would_say(qwen: VLM) -> None:
    chat = ChatVLM(qwen)
    sampling = Sampling(temperature=2.0, seed=1)
    request = ChatRequest([user("Hi")], [WEATHER], "any", max_new_tokens=120, sampling=sampling)
    reply = chat.chat(request)
    assert (reply.text, reply.bad_calls, reply.finish) == ("", (), "tool_calls")
    (call,) = reply.calls
    assert call.name == "weather"
    assert call.arguments["city"] in ("Bo", "Mia")
    assert call.arguments["days"] <= 9
    again = chat.chat(
        ChatRequest(
            [user("Hi"), Message("assistant", (), reply.calls), Message("tool", ("rain",), call_id=call.id)],
            [WEATHER],
            max_new_tokens=3,
        )
    )
    assert again.reused_tokens > 100


def test_answers_follow_a_schema(qwen: VLM) -> None:
    schema = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"]}
    for tools in ([], [WEATHER]):
        request = ChatRequest([user("Hi")], tools, schema=json.dumps(schema), max_new_tokens=60)
        reply = ChatVLM(qwen).chat(request)
        if reply.text:
            assert json.loads(reply.text)["n"] in (1, 2)
        else:
            assert [call.name for call in reply.calls] == ["weather"]


def test_streams_are_the_answer_in_pieces_and_stop_where_they_are_told_to(qwen: VLM) -> None:
    chat = ChatVLM(qwen)
    request = ChatRequest([user("Hi there")], max_new_tokens=12)
    *pieces, reply = chat.stream_chat(request)
    assert not isinstance(reply, str)
    assert "".join(map(str, pieces)) == reply.text == chat.chat(request).text
    assert (reply.generated_tokens, reply.finish) == (12, "length")
    stop = reply.text[4:7]
    short = chat.chat(ChatRequest([user("Hi there")], max_new_tokens=12, stop=(stop,)))
    assert short.text == reply.text.split(stop)[0]
    assert (short.finish, short.generated_tokens < 12) == ("stop", True)


def test_a_stream_that_is_left_leaves_what_it_computed(qwen: VLM) -> None:
    chat = ChatVLM(qwen)
    request = ChatRequest([user("Tell me more")], max_new_tokens=20)
    pieces = chat.stream_chat(request)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert chat.chat(request).reused_tokens == chat.chat(request).prompt_tokens - 1


def test_seeds_and_deadlines(qwen: VLM) -> None:
    chat = ChatVLM(qwen)

    def said(seed: int) -> str:
        sampling = Sampling(temperature=1.5, seed=seed)
        return chat.chat(ChatRequest([user("Hi")], max_new_tokens=10, sampling=sampling)).text

    assert said(1) == said(1) != said(2)
    with pytest.raises(DeadlineError, match="took longer than 1e-09 seconds"):
        chat.chat(ChatRequest([user("Hi")], seconds=1e-9))
    with pytest.raises(TimeoutError):
        chat.chat(ChatRequest([user("Hi")], seconds=1e-9))


def test_what_cannot_be_is_told_before_anything_is_computed(qwen: VLM) -> None:
    chat = ChatVLM(qwen)
    with pytest.raises(WindowError, match="the window of 'tiny' has 2048"):
        chat.stream_chat(ChatRequest([user("word " * 3000)]))
    with pytest.raises(InputError, match="runs without a memory"):
        chat.stream_chat(ChatRequest([user("Hi")], concepts=["someone"]))
    with pytest.raises(SettingError, match="no answer can follow"):
        chat.stream_chat(ChatRequest([user("Hi")], schema='{"type": "nothing"}'))
    plain = ChatVLM(make_tiny("qwen2_5_vl").vlm)
    with pytest.raises(UnsupportedModelError, match="knows no tools"):
        plain.stream_chat(ChatRequest([user("Hi")], [WEATHER]))
    assert len(chat.sessions) == 0


def test_a_result_with_a_picture_is_seen(qwen: VLM) -> None:
    call = ToolCall("1", "weather", {"city": "Bo", "days": 1})

    def told(seed: int) -> list[Message]:
        result = Message("tool", ("Look:", picture(seed)), call_id="1")
        return [user("Hi"), Message("assistant", (), (call,)), result]

    chat = ChatVLM(qwen, Sessions(0))
    first, second = (logits_of(chat, ChatRequest(told(seed), [WEATHER])) for seed in (1, 2))
    assert not torch.allclose(first, second, atol=1e-3)
