from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from jarvis_memory.kv import Inputs, Part, Prefix, Segment
from jarvis_memory.vlm import SegmentSource
from jarvis_retrievers.errors import ConceptNameError, ContextError, ImageError, InputError
from tests.kv.oracle import error, joint, positions, prefill
from tests.kv.small import small_segment
from tests.kv.tiny import GRID_FAMILIES, Tiny, bo, mug, picture


def same(a: Segment, b: Segment) -> bool:
    """Equal numbers and names, and rows equal to 1e-5 of the largest."""
    limit = 1e-5 * float(b.keys.abs().max())
    named = (a.token_ids, a.start, a.width, a.parts) == (b.token_ids, b.start, b.width, b.parts)
    return named and error(a.keys, b.keys) < limit and error(a.values, b.values) < limit


def small(**change: object) -> Segment:
    return replace(small_segment((2, 3)), **change)  # type: ignore[arg-type]


def test_a_segment_is_the_rows_of_the_stock_model(tiny: Tiny) -> None:
    inputs = joint(tiny, [bo()])
    keys, values, _ = prefill(tiny, inputs)
    segment, begin = tiny.vlm.encode_segment(bo()), tiny.vlm.prefix.tokens
    limit = 1e-5 * float(keys.abs().max())
    assert error(segment.keys, keys[:, :, begin:]) < limit
    assert error(segment.values, values[:, :, begin:]) < limit
    assert error(tiny.vlm.prefix.keys, keys[:, :, :begin]) < limit


def test_parts_add_up_and_follow_the_positions(tiny: Tiny) -> None:
    segment = tiny.vlm.encode_segment(bo(3))
    where = positions(tiny, joint(tiny, [bo(3)]))[0, 0]
    assert [part.kind for part in segment.parts] == ["profile", "patch", "patch", "patch"]
    at, position = tiny.vlm.prefix.tokens, tiny.vlm.prefix.width
    for part in segment.parts:
        assert int(where[at]) == position
        at, position = at + part.tokens, position + part.width
    assert at == len(where)
    # Under M-RoPE a patch of 2 x 2 tokens moves the next position by 2: tokens and width differ.
    assert {part.tokens - part.width for part in segment.parts[1:]} == {2 * (tiny.family in GRID_FAMILIES)}
    assert {part.seen for part in segment.parts[1:]} == {17 if tiny.family == "llava_onevision" else 4}


def test_cutting_the_tail_equals_encoding_less(tiny: Tiny) -> None:
    whole = tiny.vlm.encode_segment(bo(3))
    for n in range(4):
        assert same(whole.cut(n), tiny.vlm.encode_segment(bo(3).cut(n)))
    assert same(whole.profile_only(), tiny.vlm.encode_segment(bo(0)))
    assert whole.cut(3) is whole
    assert whole.cut(1).nbytes < whole.nbytes


def test_appending_a_patch_equals_encoding_more(tiny: Tiny) -> None:
    source = bo(3)
    segment = tiny.vlm.encode_segment(source.cut(1))
    for patch in source.patches[1:]:
        segment = tiny.vlm.extend_segment(segment, source.name, [patch])
    assert same(segment, tiny.vlm.encode_segment(source))
    both = tiny.vlm.extend_segment(tiny.vlm.encode_segment(source.cut(1)), "Bo", source.patches[1:])
    assert same(both, segment)
    assert tiny.vlm.extend_segment(segment, "Bo", []) is segment


def test_patches_without_a_profile(tiny: Tiny) -> None:
    segment = tiny.vlm.encode_segment(SegmentSource("Bo", "\n  \n", (picture(1),)))
    assert segment.parts[0] == Part("profile", 0, 0, 0)
    assert segment.profile_only().tokens == 0
    context = tiny.vlm.context([segment.profile_only(), tiny.vlm.encode_segment(mug())])
    assert torch.equal(context.keys, tiny.vlm.context([tiny.vlm.encode_segment(mug())]).keys)
    with pytest.raises(InputError, match="neither a profile nor a patch"):
        tiny.vlm.encode_segment(SegmentSource("Bo", "\n"))


def test_a_patch_is_made_a_square_of_patch_side(tiny: Tiny) -> None:
    large = picture(1, (90, 60))
    assert same(
        tiny.vlm.encode_segment(SegmentSource("Bo", "a dog", (large,))),
        tiny.vlm.encode_segment(SegmentSource("Bo", "a dog", (large.resize((32, 32)),))),
    )
    other = tiny.vlm.encode_segment(SegmentSource("Bo", "a dog", (picture(2),)))
    assert not same(tiny.vlm.encode_segment(SegmentSource("Bo", "a dog", (picture(1),))), other)


ROWS = torch.ones(2, 2, 5, 4)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"keys": torch.ones(2, 5, 4)}, "layers, kv_heads"),
        ({"values": torch.ones(2, 2, 4, 4)}, "one shape"),
        ({"values": ROWS.half()}, "dtype"),
        ({"keys": ROWS[:, :, :3], "values": ROWS[:, :, :3]}, "3 rows for 5 tokens"),
        ({"start": -1}, "got -1"),
        ({"parts": ()}, "one profile"),
        ({"parts": (Part("patch", 5, 4, 2),)}, "one profile"),
        ({"parts": (Part("profile", 2, 2, 0), Part("profile", 3, 2, 0))}, "one profile"),
        ({"parts": (Part("profile", 2, 2, 0), Part("patch", 3, 3, 2))}, r"\(5, 5, 2\).*\(5, 4, 2\)"),
        ({"parts": (Part("profile", 2, 2, 0), Part("patch", 3, 2, 3))}, r"\(5, 4, 3\).*\(5, 4, 2\)"),
        ({"keys": ROWS * torch.nan}, "not finite"),
        ({"values": ROWS * torch.inf}, "not finite"),
    ],
)
def test_what_does_not_agree_is_refused(change: dict[str, object], told: str) -> None:
    small()
    with pytest.raises(ContextError, match=told):
        small(**change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"positions": torch.zeros(2, 5, dtype=torch.int64)}, r"\(1 or 3, 5\)"),
        ({"positions": torch.zeros(3, 4, dtype=torch.int64)}, r"\(1 or 3, 5\)"),
        ({"positions": torch.zeros(3, 5)}, "int64"),
        ({"positions": torch.full((3, 5), -1)}, "got -1"),
        ({"features": torch.zeros(2, 6)}, "levels"),
        ({"features": torch.zeros(0, 2, 6)}, "levels"),
        ({"features": torch.zeros(1, 6, 6)}, "at most 5"),
        ({"features": torch.full((1, 2, 6), torch.nan)}, "finite"),
        ({"features": torch.zeros(1, 2, 6, dtype=torch.int64)}, "finite"),
    ],
)
def test_inputs_that_do_not_agree_are_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(ContextError, match=told):
        replace(small().inputs, **change)  # type: ignore[arg-type]


def test_inputs_are_joined_one_behind_the_other() -> None:
    a, b = small_segment((2, 3), seed=1).inputs, small_segment((4,), seed=2).inputs
    both = Inputs.join([a, b, a])
    assert both.token_ids == a.token_ids + b.token_ids + a.token_ids
    assert both.width == 2 * a.width + b.width
    assert torch.equal(both.positions[:, 5:9], b.positions + a.width)
    assert torch.equal(both.features, torch.cat([a.features, a.features], dim=1))
    assert (both.seen, both.head(5, 2).seen, both.head(5, 2).width) == (4, 2, a.width)


@pytest.mark.parametrize("n", [-1, 2])
def test_a_cut_out_of_range_is_refused(n: int) -> None:
    with pytest.raises(ContextError, match="holds 1 patches"):
        small().cut(n)
    with pytest.raises(ContextError, match="has 1 patches"):
        mug(1).cut(n)


def test_parts_are_checked() -> None:
    with pytest.raises(ContextError, match="'photo'"):
        Part("photo", 1, 1, 0)  # type: ignore[arg-type]
    with pytest.raises(ContextError, match="at least 1"):
        Part("patch", 0, 0, 0)
    with pytest.raises(ContextError, match="cannot have 1"):
        Part("profile", 2, 2, 1)
    with pytest.raises(ContextError, match="cannot have 4"):
        Part("patch", 3, 2, 4)


def test_a_prefix_is_checked(tiny: Tiny) -> None:
    prefix: Prefix = tiny.vlm.prefix
    with pytest.raises(ContextError, match="frequencies"):
        replace(prefix, inv_freq=torch.ones(9))
    with pytest.raises(ContextError, match="at least one token"):
        replace(
            prefix,
            keys=prefix.keys[:, :, :0],
            values=prefix.values[:, :, :0],
            inputs=prefix.inputs.head(0, 0),
        )


def test_segments_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        small().start = 3  # type: ignore[misc]
    assert small().nbytes == 4 * (2 * 2 * 2 * 5 * 4 + 2 * 6)


def test_a_source_is_checked() -> None:
    with pytest.raises(ConceptNameError):
        SegmentSource(" ", "a dog")
    with pytest.raises(ImageError, match="bytes"):
        SegmentSource("Bo", "a dog", (b"png",))  # type: ignore[arg-type]
