"""Models whose segments cannot be moved: one segment or `exact`, or `exact` alone; never a wrong answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from jarvis_memory import Mode, PersonalMemory
from jarvis_memory.gate import Trial, run_gate
from jarvis_memory.kv import Storage
from jarvis_memory.vlm import Query
from jarvis_memory.vlm.families import reach_of
from jarvis_retrievers.errors import UnsupportedModelError
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.kv.limited import (
    gemma3_prompt,
    make_dynamic,
    make_gemma3,
    make_qwen3_5,
    stock_answer,
)
from tests.kv.oracle import error, joint
from tests.kv.tiny import Tiny, bo, mug, picture

QUESTION = "What hangs on Bo's collar?"
JOINT: dict[str, Callable[[], Tiny]] = {"qwen3_5": make_qwen3_5, "dynamic": make_dynamic}
WORDS = {"qwen3_5": "linear_attention", "dynamic": "dynamic"}


@pytest.fixture(scope="module")
def gemma() -> Tiny:
    return make_gemma3()


@pytest.fixture(scope="module", params=sorted(JOINT))
def whole(request: pytest.FixtureRequest) -> Tiny:
    return JOINT[request.param]()


@pytest.mark.parametrize("path", ["eager", "sdpa"])
def test_gemma_answers_from_one_segment_as_from_its_photos(gemma: Tiny, path: str) -> None:
    gemma.model.set_attn_implementation(path)
    images = [picture(5), picture(6)]
    context = gemma.vlm.context([gemma.vlm.encode_segment(bo(3))])
    assert context.tokens > 3 * 24  # longer than the window of its layers
    for shown in ((), images):
        inputs = gemma3_prompt(gemma, [bo(3)], QUESTION, shown)
        with torch.no_grad():
            logits = gemma.model(**inputs).logits[0, -1]
        first = gemma.vlm.first_logits(context, QUESTION, shown)
        assert error(first, logits) < 1e-4 * float(logits.abs().max())
        expected = stock_answer(gemma, inputs, 24)
        assert gemma.vlm.generate(context, QUESTION, shown, 24).token_ids == expected
        assert len(set(expected)) > 5


def test_gemma_computes_several_as_the_stock_model_does(gemma: Tiny) -> None:
    expected = stock_answer(gemma, gemma3_prompt(gemma, [bo(), mug(2)], QUESTION), 24)
    segments = [gemma.vlm.encode_segment(source) for source in (bo(), mug(2))]
    context = gemma.vlm.context(segments, Mode.EXACT)
    assert gemma.vlm.generate(context, QUESTION, max_new_tokens=24).token_ids == expected
    for mode in (Mode.COMPOSE, Mode.LINK, Mode.BLEND):
        with pytest.raises(UnsupportedModelError, match=r"sliding window.*Use mode 'exact'"):
            gemma.vlm.context(segments, mode)
    with pytest.raises(UnsupportedModelError, match="nothing to measure"):
        run_gate(gemma.vlm, [Trial((bo(), mug()), QUESTION)])


def test_gemma_in_a_batch_answers_as_alone(gemma: Tiny) -> None:
    one = gemma.vlm.context([gemma.vlm.encode_segment(bo())])
    two = gemma.vlm.context([bo(), mug(2)], Mode.EXACT)
    queries = [
        Query(one, QUESTION, (picture(5),), 12),
        Query(two, "Where is Mia's mug?", (), 12),
        Query(None, "Who?", (picture(6), picture(7)), 12),
    ]
    alone = [gemma.vlm.generate(q.context, q.question, q.images, 12).token_ids for q in queries]
    assert [said.token_ids for said in gemma.vlm.generate_many(queries)] == alone


@pytest.mark.parametrize("storage", list(Storage))
def test_gemma_segments_are_stored(gemma: Tiny, storage: Storage) -> None:
    segment = gemma.vlm.encode_segment(bo())
    back = gemma.vlm.segment_from_bytes(gemma.vlm.segment_to_bytes(segment, storage))
    limit = {Storage.F32: 1e-6, Storage.F16: 1e-3, Storage.FP8: 0.07}.get(storage, 0.02)
    for old, new in ((segment.keys, back.keys), (segment.values, back.values)):
        assert error(new.float(), old) < limit * float(old.abs().max())


def test_what_cannot_be_stored_is_computed_with_the_question(whole: Tiny) -> None:
    images = [picture(5, (48, 48))]
    for sources, shown in (([bo()], ()), ([bo(), mug(2)], images), ([], images)):
        expected = stock_answer(whole, joint(whole, sources, QUESTION, shown), 20)
        segments = [whole.vlm.encode_segment(source) for source in sources]
        context = whole.vlm.context(segments, Mode.EXACT) if sources else None
        said = whole.vlm.generate(context, QUESTION, shown, 20)
        assert said.token_ids == expected
        assert said.reused_tokens == 0
        first = whole.vlm.first_logits(context, QUESTION, shown)
        assert int(first.argmax()) == expected[0]
        many = whole.vlm.generate_many([Query(context, QUESTION, shown, 20)] * 2)
        assert [one.token_ids for one in many] == [expected] * 2
    assert len(set(expected)) > 3


def test_its_segments_have_no_rows_and_say_why(whole: Tiny) -> None:
    segment = whole.vlm.encode_segment(bo())
    assert segment.keys.numel() == 0
    reach = reach_of(whole.model.config)
    assert reach.segments == 0
    longer = whole.vlm.extend_segment(segment, "Bo", [picture(7)])
    assert longer.patches == segment.patches + 1
    assert longer.token_ids == whole.vlm.encode_segment(bo(3)).token_ids
    data = whole.vlm.segment_to_bytes(segment, Storage.NONE)
    assert whole.vlm.segment_from_bytes(data).token_ids == segment.token_ids
    for mode in (Mode.COMPOSE, Mode.LINK, Mode.BLEND):
        with pytest.raises(UnsupportedModelError, match=r"Use mode 'exact'") as refused:
            whole.vlm.context([segment], mode)
        assert reach.why in str(refused.value)


# Photos of noise all look alike to the encoder.
@pytest.mark.filterwarnings("ignore::jarvis_retrievers.errors.PhotoWarning")
def test_a_memory_works_on_such_a_model(whole: Tiny, tmp_path: Path, encoder: OpenCLIPEncoder) -> None:
    with PersonalMemory.open(tmp_path / "home", model=whole.vlm, clip=encoder) as memory:
        memory.remember("Bo", [picture(1, (64, 64))], "Bo is a dog. Bo likes noodles.")
        memory.remember("Mia", [picture(2, (64, 64))], "Mia is a cat.")
        for question, names in (("What does Bo like?", {"Bo"}), ("Who is older, Bo or Mia?", {"Bo", "Mia"})):
            answer = memory.ask(question, max_new_tokens=8)
            assert set(answer.concepts) == names
            assert (answer.usage.mode, answer.usage.reused, answer.notices) == ("exact", 0, ())
            assert memory.ask(question, max_new_tokens=8).text == answer.text
        with pytest.raises(UnsupportedModelError, match="Use mode 'exact'"):
            memory.ask("What does Bo like?", mode="compose")
        assert memory._engine.storage is Storage.NONE


@pytest.mark.filterwarnings("ignore::jarvis_retrievers.errors.PhotoWarning")
def test_gemma_remembers_one_and_computes_several(
    gemma: Tiny, tmp_path: Path, encoder: OpenCLIPEncoder
) -> None:
    with PersonalMemory.open(tmp_path / "home", model=gemma.vlm, clip=encoder) as memory:
        memory.remember("Bo", [picture(1, (64, 64))], "Bo is a dog. Bo likes noodles.")
        memory.remember("Mia", [picture(2, (64, 64))], "Mia is a cat.")
        one = memory.ask("What does Bo like?", max_new_tokens=8)
        assert (one.usage.mode, one.notices) == ("compose", ())
        assert one.usage.reused > 0
        two = memory.ask("Who is older, Bo or Mia?", max_new_tokens=8)
        assert (two.usage.mode, two.notices) == ("exact", ())
