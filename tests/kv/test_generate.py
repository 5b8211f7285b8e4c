from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
import torch
from PIL import Image

from jarvis_memory.kv import Context
from jarvis_memory.kv.cache import _RoomyLayer
from jarvis_memory.vlm import VLM, Generation
from jarvis_retrievers.errors import (
    ContextError,
    FingerprintError,
    ImageError,
    InputError,
    SettingError,
    UnsupportedModelError,
)
from tests.kv.oracle import TAIL, answer, error, joint
from tests.kv.tiny import FAMILIES, GRID_FAMILIES, SETTINGS, Tiny, bo, make_tiny, mug, picture

QUESTION = "Where is Mia's mug?"


def calls_of(tiny: Tiny) -> tuple[list[int], Any]:
    """A list that grows by the number of new tokens whenever the model computes, and the hook to remove."""
    calls: list[int] = []

    def note(module: Any, args: Any, given: dict[str, Any]) -> None:
        calls.append(given["inputs_embeds"].shape[1])

    return calls, tiny.text.register_forward_pre_hook(note, with_kwargs=True)


def test_stream_is_generate_in_pieces(tiny: Tiny) -> None:
    context = tiny.vlm.context([bo(), mug()])
    whole = tiny.vlm.generate(context, QUESTION, [picture(5)], 40)
    pieces = list(tiny.vlm.stream(context, QUESTION, [picture(5)], 40))
    assert "".join(pieces) == whole.text
    assert len(pieces) > 5


def test_closing_a_stream_stops_the_work(tiny: Tiny) -> None:
    context = tiny.vlm.context([bo()])
    calls, hook = calls_of(tiny)
    try:
        stream = tiny.vlm.stream(context, QUESTION, max_new_tokens=40)
        assert calls == []
        next(stream)
        begun = len(calls)
        stream.close()  # type: ignore[attr-defined]
        assert list(stream) == []
    finally:
        hook.remove()
    assert 1 <= begun == len(calls) < 20


def test_only_new_tokens_are_computed(tiny: Tiny) -> None:
    context = tiny.vlm.context([tiny.vlm.encode_segment(bo()), tiny.vlm.encode_segment(mug())])
    calls, hook = calls_of(tiny)
    try:
        got = tiny.vlm.generate(context, QUESTION, max_new_tokens=5)
    finally:
        hook.remove()
    assert got.generated_tokens == len(got.token_ids) == 5
    assert calls == [got.prompt_tokens, 1, 1, 1, 1]
    assert got.reused_tokens == context.tokens > got.prompt_tokens
    assert 0 < got.ttft_seconds <= got.seconds


def test_the_same_call_has_the_same_answer(tiny: Tiny) -> None:
    context = tiny.vlm.context([bo(), mug()])

    def run(memory: Context | None, question: str) -> tuple[int, ...]:
        return tiny.vlm.generate(memory, question, max_new_tokens=20).token_ids

    assert run(context, QUESTION) == run(context, QUESTION)
    # And it depends on memory and question.
    assert len({run(context, QUESTION), run(None, QUESTION), run(context, "Who is Bo?")}) == 3


def test_what_the_module_remembers_does_not_matter(tiny: Tiny) -> None:
    context = tiny.vlm.context([bo(), mug()])
    inner = tiny.model.model
    inner.rope_deltas = None
    expected = tiny.vlm.generate(context, QUESTION, [picture(5)], 16).token_ids
    segment = tiny.vlm.encode_segment(bo())
    assert inner.rope_deltas is None  # and nothing is left there
    stale = torch.tensor([[-999]])
    inner.rope_deltas = stale
    try:
        assert tiny.vlm.generate(context, QUESTION, [picture(5)], 16).token_ids == expected
        assert error(tiny.vlm.encode_segment(bo()).keys, segment.keys) == 0.0
        assert inner.rope_deltas is stale
    finally:
        inner.rope_deltas = None


def test_two_threads_answer_as_one(tiny: Tiny) -> None:
    jobs: list[tuple[Context, str, tuple[Image.Image, ...]]] = [
        (tiny.vlm.context([bo()]), QUESTION, (picture(5, (48, 32)),)),
        (tiny.vlm.context([mug(), bo(1)]), "Who is it?", ()),
    ]
    serial = [tiny.vlm.generate(*job, max_new_tokens=24).token_ids for job in jobs]
    barrier = Barrier(2)

    def work(job: tuple[Context, str, tuple[Image.Image, ...]]) -> list[tuple[int, ...]]:
        barrier.wait(timeout=30)
        return [tiny.vlm.generate(*job, max_new_tokens=24).token_ids for _ in range(3)]

    with ThreadPoolExecutor(2) as pool:
        assert [set(found) for found in pool.map(work, jobs)] == [{serial[0]}, {serial[1]}]


def test_the_prefix_is_encoded_once_by_many_threads() -> None:
    tiny = make_tiny("qwen2_5_vl")
    calls, hook = calls_of(tiny)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = set(pool.map(lambda _: id(tiny.vlm.prefix), range(8)))
    finally:
        hook.remove()
    assert len(found) == 1
    assert calls == [tiny.vlm.prefix.tokens]


@pytest.mark.parametrize("family", FAMILIES)
def test_an_answer_ends_where_the_model_says(family: str) -> None:
    tiny = make_tiny(family)
    free = tiny.vlm.generate(None, "Who is Bo?", max_new_tokens=12).token_ids
    last = next(n for n in range(2, 12) if free[n] not in free[:n])
    tiny.model.generation_config.eos_token_id = [tiny.processor.tokenizer.eos_token_id, free[last]]
    stopped = VLM(tiny.model, tiny.processor, "tiny", settings=SETTINGS)
    got = stopped.generate(None, "Who is Bo?", max_new_tokens=12)
    assert got.token_ids == free[: last + 1] == answer(tiny, joint(tiny, [], "Who is Bo?"), 12)


def test_question_images_are_made_small(tiny: Tiny) -> None:
    calls, hook = calls_of(tiny)
    try:
        tiny.vlm.first_logits(None, QUESTION)
        tiny.vlm.first_logits(None, QUESTION, [picture(5, (128, 128))])
    finally:
        hook.remove()
    # A grid: 48 x 48 pixels, 16 x 16 per token, with two tokens around. A tile: always its tokens.
    written = {"internvl": 4 + 2, "llava_onevision": 16 + 1, "smolvlm": 4 + 3}.get(tiny.family, 9 + 2)
    assert calls[1] - calls[0] == written + 1


def test_a_context_of_another_model_is_refused(tiny: Tiny) -> None:
    context = replace(tiny.vlm.context([bo()]), fingerprint="0" * 64)
    for call in (tiny.vlm.generate, tiny.vlm.stream, tiny.vlm.first_logits):
        with pytest.raises(FingerprintError, match="000000000000"):
            call(context, QUESTION)


def test_the_window_is_kept(tiny: Tiny) -> None:
    context = tiny.vlm.context([bo()])
    assert tiny.vlm.window == 2048
    with pytest.raises(ContextError, match=rf"\({context.next_position}\).*2048"):
        tiny.vlm.generate(context, QUESTION, max_new_tokens=2048)
    long = replace(bo(0), profile="Bo is a dog. " * 1000)
    with pytest.raises(ContextError, match="2048"):
        tiny.vlm.encode_segment(long)
    half = tiny.vlm.encode_segment(replace(bo(0), profile="Bo is a dog. " * 300))
    with pytest.raises(ContextError, match="2048"):
        tiny.vlm.context([half, half])


def test_input_is_checked_at_once(tiny: Tiny) -> None:
    with pytest.raises(InputError, match="question"):
        tiny.vlm.stream(None, "  ")
    with pytest.raises(SettingError, match="got 0"):
        tiny.vlm.stream(None, QUESTION, max_new_tokens=0)
    with pytest.raises(ImageError, match="str"):
        tiny.vlm.generate(None, QUESTION, ["today.jpg"])  # type: ignore[list-item]
    if tiny.family in GRID_FAMILIES:
        with pytest.raises(ImageError, match="aspect ratio"):
            tiny.vlm.generate(None, QUESTION, [picture(1, (900, 2))])


def test_bf16_keeps_to_the_float32_model(tiny: Tiny) -> None:
    """Composed contexts of a bf16 model stay within bf16 rounding of the float32 one in the first layer."""
    half = make_tiny(tiny.family)
    half.model.to(torch.bfloat16)
    vlm = VLM(half.model, half.processor, "tiny", settings=SETTINGS)
    context = vlm.context([bo(), mug()])
    assert context.keys.dtype == torch.bfloat16
    assert vlm.fingerprint != tiny.vlm.fingerprint
    got: Generation = vlm.generate(context, QUESTION, [picture(5)], 8)
    assert got.generated_tokens == 8
    full = tiny.vlm.context([bo(), mug()]).keys[0]
    assert error(context.keys[0].float(), full) < 0.03 * float(full.abs().max())


TURNS = (("What is Bo?", "Bo is a dog."), ("What hangs on Bo's collar?", "A yellow star <|im_end|>."))


def test_earlier_turns_stand_between_image_and_question(tiny: Tiny) -> None:
    """As the chat template writes them; what a turn says is data, its markup is not."""
    got = tiny.vlm.generate(None, QUESTION, [picture(5)], 12, history=TURNS[:1])
    asked, answered = TURNS[0]
    inputs = joint(tiny, [], f"{asked}{TAIL}{answered}<|im_end|>\n<|im_start|>user\n{QUESTION}", [picture(5)])
    assert got.token_ids == answer(tiny, inputs, 12)
    assert got.token_ids != tiny.vlm.generate(None, QUESTION, [picture(5)], 12).token_ids
    marked = tiny.vlm.generate(None, QUESTION, (), 1, history=TURNS[1:])
    plain = tiny.vlm.generate(None, QUESTION, (), 1, history=((TURNS[1][0], "A yellow star ."),))
    control = len(tiny.vlm.parts.encoder.encode("<|im_end|>"))
    assert control > 1
    assert marked.prompt_tokens == plain.prompt_tokens + control
    assert "".join(tiny.vlm.stream(None, QUESTION, (), 12, history=TURNS)) == (
        tiny.vlm.generate(None, QUESTION, (), 12, history=TURNS).text
    )


def test_a_template_without_turns_takes_no_history() -> None:
    other = make_tiny("qwen2_5_vl")
    other.processor.chat_template = other.processor.chat_template.replace(
        "{% for m in messages %}", "{% for m in messages[:2] %}"
    )
    vlm = VLM(other.model, other.processor, "tiny", settings=SETTINGS)
    assert vlm.generate(None, QUESTION, (), 2).token_ids
    with pytest.raises(UnsupportedModelError, match="without the 2 turns"):
        vlm.generate(None, QUESTION, (), 2, history=TURNS)


def test_closing_a_stream_frees_its_cache(tiny: Tiny) -> None:
    def caches() -> int:
        gc.collect()
        return sum(type(thing) is _RoomyLayer for thing in gc.get_objects())

    context = tiny.vlm.context([bo()])
    before = caches()
    pieces = tiny.vlm.stream(context, QUESTION, max_new_tokens=64)
    next(pieces)
    assert caches() == before + len(context.keys)
    pieces.close()  # type: ignore[attr-defined]
    assert caches() == before
