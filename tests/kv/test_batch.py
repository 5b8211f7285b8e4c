"""A batch of questions with contexts and pictures of all sizes: each answer is that of its own call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from jarvis_memory.kv import Mode
from jarvis_memory.vlm import VLM, Generation, Query
from jarvis_retrievers.errors import ContextError, FingerprintError, InputError, SettingError
from tests.kv.tiny import SETTINGS, Tiny, bo, mug, picture


def queries(tiny: Tiny) -> list[Query]:
    one, two = tiny.vlm.context([bo()]), tiny.vlm.context([mug(2), bo(3)], Mode.LINK)
    return [
        Query(None, "Who is it?", (), 9),
        Query(one, "Where is Mia's mug, and what is it?", [picture(5, (48, 32))], 20),
        Query(two, "Who?", [picture(6)], 14),
        Query(one, "Who is Bo?", (), 20, [("What?", "A dog.")]),
        Query(two, "What hangs on Bo's collar?", [picture(1), picture(2, (32, 48))], 1),
    ]


def alone(tiny: Tiny, asked: Sequence[Query]) -> list[tuple[int, ...]]:
    return [
        tiny.vlm.generate(q.context, q.question, q.images, q.max_new_tokens, history=q.history).token_ids
        for q in asked
    ]


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_each_answer_is_that_of_its_own_call(tiny: Tiny, attention: str) -> None:
    before = tiny.model.config._attn_implementation
    tiny.model.set_attn_implementation(attention)
    try:
        asked = queries(tiny)
        many = tiny.vlm.generate_many(asked)
        assert [one.token_ids for one in many] == alone(tiny, asked)
    finally:
        tiny.model.set_attn_implementation(before)
    assert [len(one.token_ids) for one in many][-1] == 1
    assert max(len(one.token_ids) for one in many) > 10
    for one, query in zip(many, asked, strict=True):
        single = tiny.vlm.generate(query.context, query.question, query.images, 1, history=query.history)
        assert (one.prompt_tokens, one.reused_tokens) == (single.prompt_tokens, single.reused_tokens)


def test_lots_and_order_change_nothing(tiny: Tiny) -> None:
    asked = queries(tiny)
    whole = [one.token_ids for one in tiny.vlm.generate_many(asked)]
    for size in (1, 2, 3):
        assert [one.token_ids for one in tiny.vlm.generate_many(asked, size)] == whole
    assert [one.token_ids for one in tiny.vlm.generate_many(asked[::-1])] == whole[::-1]
    assert tiny.vlm.generate_many([]) == []


def test_an_answer_that_has_ended_waits_for_the_others(tiny: Tiny) -> None:
    """Where an answer stops early its tokens are those up to the stop, whatever the others do."""
    free = alone(tiny, [Query(None, "Who is Bo?", (), 12)])[0]
    stop = next(token for n, token in enumerate(free) if n >= 3 and token not in free[:n])
    before = tiny.model.generation_config.eos_token_id
    tiny.model.generation_config.eos_token_id = [stop]
    try:
        node = VLM(tiny.model, tiny.processor, "tiny", settings=SETTINGS)
        asked = [Query(None, "Who is Bo?", (), 12), Query(None, "Where is the mug?", (), 12)]
        many = node.generate_many(asked)
        stopped = [node.generate(None, q.question, (), 12).token_ids for q in asked]
    finally:
        tiny.model.generation_config.eos_token_id = before
    assert many[0].token_ids == free[: free.index(stop) + 1]
    assert many[0].token_ids[-1] == stop
    assert [one.token_ids for one in many] == stopped


def says(*answers: bool) -> Callable[[float], bool]:
    left = iter(answers)
    return lambda took: next(left)


def test_an_answer_that_is_not_wanted_any_more_ends_there(tiny: Tiny) -> None:
    """The others go on, and so it is alone and piece by piece."""
    asked = queries(tiny)[:3]
    whole = [one.token_ids for one in tiny.vlm.generate_many(asked)]
    short = replace(asked[1], wanted=says(True, True, False))
    many = tiny.vlm.generate_many([asked[0], short, asked[2]])
    assert [one.token_ids for one in many] == [whole[0], whole[1][:3], whole[2]]
    (single,) = tiny.vlm.generate_many([replace(asked[1], wanted=says(False))])
    assert single.token_ids == whole[1][:1]
    *pieces, told = tiny.vlm.tell(replace(asked[1], wanted=says(True, False)))
    assert isinstance(told, Generation)
    assert (told.token_ids, told.text) == (whole[1][:2], "".join(map(str, pieces)))
    # Nobody is asked about one that has ended.
    assert len(whole[0]) == 9
    seconds = list[float]()

    def always(took: float) -> bool:
        seconds.append(took)
        return True

    tiny.vlm.generate_many([replace(asked[0], wanted=always)])
    list(tiny.vlm.tell(replace(asked[0], wanted=always)))
    assert len(seconds) == 16
    assert 0 < seconds[0] < seconds[7]
    assert 0 < seconds[8] < seconds[15]


def test_one_bad_question_and_nothing_is_answered(tiny: Tiny) -> None:
    good = queries(tiny)[1]
    assert good.context is not None
    with pytest.raises(InputError, match="question"):
        tiny.vlm.generate_many([good, Query(None, "  ")])
    with pytest.raises(SettingError, match="batch_size"):
        tiny.vlm.generate_many([good], 0)
    with pytest.raises(SettingError, match="got 0"):
        tiny.vlm.generate_many([good, Query(None, "Who?", (), 0)])
    with pytest.raises(FingerprintError):
        tiny.vlm.generate_many([replace(good, context=replace(good.context, fingerprint="0" * 64))])
    with pytest.raises(ContextError, match="window"):
        tiny.vlm.generate_many([good, Query(None, "Who?", (), 5000)])
