from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from jarvis_memory.kv import Context, Mode, Prefix, Segment, Storage, compose
from jarvis_retrievers.errors import ContextError, FingerprintError, SettingError
from tests.kv.oracle import answer, error, joint, positions, prefill, same_rows
from tests.kv.tiny import GRID_FAMILIES, Tiny, bo, mug, picture

WORKING = tuple(mode for mode in Mode if mode is not Mode.AUTO)
QUESTION = "What hangs on Bo's collar?"


def test_one_concept_is_lossless(tiny: Tiny) -> None:
    """Composed, prefix-cached and fully prefilled: one answer."""
    inputs = joint(tiny, [bo()], QUESTION)
    _, _, logits = prefill(tiny, inputs)
    expected = answer(tiny, inputs, 24)
    composed = tiny.vlm.context([tiny.vlm.encode_segment(bo())])
    exact = tiny.vlm.context([bo()], Mode.EXACT)
    for context in (composed, exact):
        first = tiny.vlm.first_logits(context, QUESTION)
        assert error(first, logits) < 1e-4 * float(logits.abs().max())
        assert tiny.vlm.generate(context, QUESTION, max_new_tokens=24).token_ids == expected
    assert len(set(expected)) > 5  # a real answer, not one token again and again


def test_no_memory_is_the_prefix_alone(tiny: Tiny) -> None:
    expected = answer(tiny, joint(tiny, [], QUESTION), 16)
    got = tiny.vlm.generate(None, QUESTION, max_new_tokens=16)
    assert got.token_ids == expected
    assert got.reused_tokens == tiny.vlm.prefix.tokens


def test_exact_is_the_stock_model_on_the_joint_prompt(tiny: Tiny) -> None:
    keys, values, _ = prefill(tiny, joint(tiny, [bo(), mug()]))
    context = tiny.vlm.context([bo(), mug()], Mode.EXACT)
    assert same_rows(context, keys, values, 1e-5 * float(keys.abs().max()))
    expected = answer(tiny, joint(tiny, [bo(), mug()], QUESTION), 24)
    got = tiny.vlm.generate(context, QUESTION, max_new_tokens=24)
    assert got.token_ids == expected
    assert (got.reused_tokens, context.reused) == (0, 0)


def test_pieces_are_the_tokens_of_the_joint_prompt(tiny: Tiny) -> None:
    inputs = joint(tiny, [bo(), mug()])
    for mode in WORKING:
        assert list(tiny.vlm.context([bo(), mug()], mode).token_ids) == inputs["input_ids"][0].tolist()


def test_positions_are_those_of_the_joint_prompt(tiny: Tiny) -> None:
    sources = [bo(), mug(2), bo(0), mug()]
    expected = positions(tiny, joint(tiny, sources, QUESTION))[:, 0]
    segments = [tiny.vlm.encode_segment(source) for source in sources]
    for n in range(len(segments) + 1):
        context = compose(tiny.vlm.prefix, segments[:n])
        assert set(expected[:, context.tokens].tolist()) == {context.next_position}
    context = compose(tiny.vlm.prefix, segments)
    assert (context.next_position < context.tokens) == (tiny.family in GRID_FAMILIES)


def test_every_row_of_the_first_layer_is_exact(tiny: Tiny) -> None:
    """Keys of layer 0 depend on token and position only: each row must stand where it belongs."""
    sources = [bo(), mug(2), bo(1)]
    keys, values, _ = prefill(tiny, joint(tiny, sources))
    context = tiny.vlm.context([tiny.vlm.encode_segment(source) for source in sources])
    assert error(context.keys[0], keys[0]) < 1e-5 * float(keys[0].abs().max())
    assert error(context.values[0], values[0]) < 1e-5 * float(values[0].abs().max())
    # The first segment in all layers; the others have not seen it, and so differ.
    first = tiny.vlm.prefix.tokens + tiny.vlm.encode_segment(bo()).tokens
    assert error(context.keys[:, :, :first], keys[:, :, :first]) < 1e-5 * float(keys.abs().max())
    assert error(context.keys[1:, :, first:], keys[1:, :, first:]) > 0.01


def test_each_segment_is_what_it_is_alone_at_its_place(tiny: Tiny) -> None:
    """Oracle of moving in all layers: the second segment, encoded alone, with every position moved along."""
    first, second = tiny.vlm.encode_segment(bo()), tiny.vlm.encode_segment(mug())
    context = compose(tiny.vlm.prefix, [first, second])
    keys, values, _ = prefill(tiny, joint(tiny, [mug()]), offset=first.width)
    begin = tiny.vlm.prefix.tokens
    limit = 1e-5 * float(keys.abs().max())
    assert error(context.keys[:, :, begin + first.tokens :], keys[:, :, begin:]) < limit
    assert error(context.values[:, :, begin + first.tokens :], values[:, :, begin:]) < limit


def test_a_question_image_behind_a_context_equals_a_full_prefill(tiny: Tiny) -> None:
    images = [picture(5, (48, 48)), picture(6, (32, 48))]
    inputs = joint(tiny, [bo()], QUESTION, images)
    _, _, logits = prefill(tiny, inputs)
    context = tiny.vlm.context([bo()])
    first = tiny.vlm.first_logits(context, QUESTION, images)
    assert error(first, logits) < 1e-4 * float(logits.abs().max())
    got = tiny.vlm.generate(context, QUESTION, images, 24)
    assert got.token_ids == answer(tiny, inputs, 24)
    assert error(first, tiny.vlm.first_logits(context, QUESTION, images[::-1])) > 0.01


def test_stored_tensors_stay_to_the_bit(tiny: Tiny) -> None:
    segments = [tiny.vlm.encode_segment(bo()), tiny.vlm.encode_segment(mug())]
    context = tiny.vlm.context(segments)
    holders: list[Prefix | Context | Segment] = [tiny.vlm.prefix, context, *segments]
    before = [(holder.keys.clone(), holder.values.clone()) for holder in holders]
    first = tiny.vlm.generate(context, QUESTION, [picture(5)], 12)
    second = tiny.vlm.generate(context, QUESTION, [picture(5)], 12)
    tiny.vlm.extend_segment(segments[0], "Bo", [picture(7)])
    assert first.token_ids == second.token_ids
    for holder, (keys, values) in zip(holders, before, strict=True):
        assert torch.equal(holder.keys, keys)
        assert torch.equal(holder.values, values)


def test_every_cache_is_a_fresh_one(tiny: Tiny) -> None:
    context = tiny.vlm.context([tiny.vlm.encode_segment(bo())])
    cache = context.cache()
    assert cache.get_seq_length() == context.tokens
    cache.layers[0].keys.zero_()
    assert torch.equal(context.cache().layers[0].keys[0], context.keys[0])


def test_the_order_of_segments_is_kept(tiny: Tiny) -> None:
    first, second = tiny.vlm.encode_segment(bo()), tiny.vlm.encode_segment(mug())
    one, other = tiny.vlm.context([first, second]), tiny.vlm.context([second, first])
    assert one.token_ids == tiny.vlm.prefix.token_ids + first.token_ids + second.token_ids
    assert other.token_ids == tiny.vlm.prefix.token_ids + second.token_ids + first.token_ids
    assert one.next_position == other.next_position


def test_reused_tells_what_was_not_computed(tiny: Tiny) -> None:
    segment = tiny.vlm.encode_segment(bo())
    stored = tiny.vlm.context([segment])
    mixed = tiny.vlm.context([segment, mug()])
    assert (stored.computed, stored.reused) == (0, stored.tokens)
    assert mixed.computed == mixed.tokens - stored.tokens


def test_a_segment_stored_in_bf16_joins_a_float32_model(tiny: Tiny) -> None:
    segment = tiny.vlm.encode_segment(bo())
    stored = tiny.vlm.segment_from_bytes(tiny.vlm.segment_to_bytes(segment, Storage.BF16))
    assert stored.keys.dtype == torch.bfloat16
    context = tiny.vlm.context([stored])
    assert context.keys.dtype == torch.float32
    assert error(context.keys, tiny.vlm.context([segment]).keys) < 2**-8 * float(segment.keys.abs().max())


def test_a_segment_of_another_model_is_refused(tiny: Tiny) -> None:
    other = replace(tiny.vlm.encode_segment(bo()), fingerprint="0" * 64)
    with pytest.raises(FingerprintError, match="Segment 2"):
        tiny.vlm.context([tiny.vlm.encode_segment(mug()), other])
    with pytest.raises(FingerprintError):
        tiny.vlm.extend_segment(other, "Bo", [picture(1)])


def test_a_segment_of_another_shape_or_place_is_refused(tiny: Tiny) -> None:
    segment = tiny.vlm.encode_segment(bo())
    thin = replace(segment, keys=segment.keys[:2], values=segment.values[:2])
    with pytest.raises(ContextError, match="shape"):
        compose(tiny.vlm.prefix, [thin])
    with pytest.raises(ContextError, match=f"position {segment.start + 1}"):
        compose(tiny.vlm.prefix, [replace(segment, start=segment.start + 1)])


def test_a_mode_is_one_of_those_that_are(tiny: Tiny) -> None:
    assert Mode("exact") is Mode.EXACT
    with pytest.raises(SettingError, match=r"exact, blend.*'guess'"):
        tiny.vlm.context([bo()], "guess")  # type: ignore[arg-type]


def test_auto_is_not_for_a_node(tiny: Tiny) -> None:
    with pytest.raises(SettingError, match="memory"):
        tiny.vlm.context([bo()], Mode.AUTO)


def test_exact_from_segments_uses_none_of_their_rows(tiny: Tiny) -> None:
    sources = [bo(), mug(2)]
    segments = [tiny.vlm.encode_segment(source) for source in sources]
    spoiled = [replace(one, keys=one.keys * 0, values=one.values * 0) for one in segments]
    exact, joint_rows = tiny.vlm.context(spoiled, Mode.EXACT), prefill(tiny, joint(tiny, sources))
    assert same_rows(exact, *joint_rows[:2], 1e-5 * float(joint_rows[0].abs().max()))
    assert (exact.reused, exact.mode) == (0, Mode.EXACT)


def test_composing_takes_no_more_than_the_context_itself(tiny: Tiny) -> None:
    """Peak of new tensors while composing, counted by torch: at most 1.3 times the bytes of the result."""
    from torch.profiler import ProfilerActivity, profile

    segments = [tiny.vlm.encode_segment(source) for source in (bo(3), mug(3), bo(2), mug(2))]
    prefix = tiny.vlm.prefix
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        context = compose(prefix, segments)
    held, peak = 0, 0
    for event in seen.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    assert context.nbytes <= peak <= 1.3 * context.nbytes


class Event:
    """Tells in which order it was waited for."""

    def __init__(self, number: int, waited: list[int]) -> None:
        self.number, self.waited = number, waited

    def wait(self) -> None:
        self.waited.append(self.number)


def test_each_layer_is_waited_for_when_the_model_gets_there(tiny: Tiny) -> None:
    context = tiny.vlm.context([bo(), mug()])
    waited: list[int] = []
    layers = len(context.keys)
    landing = replace(context, landed=tuple(Event(number, waited) for number in range(layers)))
    cache = landing.cache(room=4)
    assert (waited, cache.get_seq_length()) == ([], context.tokens)
    expected = tiny.vlm.generate(context, QUESTION, max_new_tokens=8)
    assert tiny.vlm.generate(landing, QUESTION, max_new_tokens=8).token_ids == expected.token_ids
    assert waited == list(range(layers))
    landing.wait()
    assert waited == list(range(layers)) * 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_what_is_copied_beside_is_the_same(tiny: Tiny) -> None:
    prefix, segment = tiny.vlm.prefix, tiny.vlm.encode_segment(bo())
    there = replace(prefix, keys=prefix.keys.cuda(), values=prefix.values.cuda())
    pinned = segment.placed(lambda tensor: tensor.contiguous().pin_memory())
    expected = compose(prefix, [segment, segment])
    for given in (pinned, segment, pinned.placed(lambda tensor: tensor.cuda())):
        context = compose(there, [given, given], overlap=True)
        assert len(context.landed) == len(context.keys)
        context.wait()
        assert same_rows(context, expected.keys.cuda(), expected.values.cuda(), 1e-5)
