"""Link and blend: with everything computed anew they are full prefill, on both attention paths."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.kv import Mode, Repair
from jarvis_memory.kv.selection import later_rows, linked_rows, moved_most
from jarvis_retrievers.errors import SettingError
from tests.kv.oracle import answer, error, joint, prefill, same_rows
from tests.kv.small import small_segment
from tests.kv.tiny import Tiny, bo, mug, picture

SOURCES = (bo(), mug(2), bo(1))
QUESTION = "Where is Mia's mug?"


@pytest.fixture(params=["eager", "sdpa"])
def attended(tiny: Tiny, request: pytest.FixtureRequest) -> Iterator[Tiny]:
    before = tiny.model.config._attn_implementation
    tiny.model.set_attn_implementation(request.param)
    yield tiny
    tiny.model.set_attn_implementation(before)
    tiny.vlm.repair = Repair()


@pytest.mark.parametrize(
    ("mode", "repair"), [(Mode.LINK, Repair(link_tokens=10_000)), (Mode.BLEND, Repair(blend_share=1.0))]
)
def test_all_computed_anew_is_exact(attended: Tiny, mode: Mode, repair: Repair) -> None:
    keys, values, _ = prefill(attended, joint(attended, SOURCES))
    segments = [attended.vlm.encode_segment(source) for source in SOURCES]
    attended.vlm.repair = repair
    context = attended.vlm.context(segments, mode)
    assert same_rows(context, keys, values, 1e-5 * float(keys.abs().max()))
    assert context.mode is mode
    assert context.computed == segments[1].tokens + segments[2].tokens
    inputs = joint(attended, SOURCES, QUESTION, [picture(5)])
    got = attended.vlm.generate(context, QUESTION, [picture(5)], 16)
    assert got.token_ids == answer(attended, inputs, 16)


def test_what_is_computed_anew_is_nearer_to_exact(attended: Tiny) -> None:
    """A row that link computes attends to all before it: in layer 1 it is exact, further up nearer."""
    keys, values, _ = prefill(attended, joint(attended, SOURCES))
    segments = [attended.vlm.encode_segment(source) for source in SOURCES]
    composed = attended.vlm.context(segments)
    far = error(composed.values, values)
    for share in (0.25, 0.5, 0.75):
        attended.vlm.repair = Repair(blend_share=share)
        blended = attended.vlm.context(segments, Mode.BLEND)
        # The first two layers are computed for all rows, so they are exact.
        assert error(blended.keys[:2], keys[:2]) < 1e-5 * float(keys.abs().max())
        assert (blended.values - values).norm() < (composed.values - values).norm()
    attended.vlm.repair = Repair(link_tokens=4)
    linked = attended.vlm.context(segments, Mode.LINK)
    rows = torch.tensor(linked_rows(segments, attended.vlm.prefix.tokens, 4))
    old, new, want = (x[1][:, rows] for x in (composed.values, linked.values, values))
    assert error(new, want) < 1e-5 * float(values.abs().max()) < error(old, want)
    assert far > 0.01
    kept = [row for row in range(linked.tokens) if row not in set(rows.tolist())]
    assert torch.equal(linked.keys[:, :, kept], composed.keys[:, :, kept])


@pytest.mark.parametrize("mode", [Mode.LINK, Mode.BLEND])
def test_one_segment_is_never_computed_anew(tiny: Tiny, mode: Mode) -> None:
    segment = tiny.vlm.encode_segment(bo())
    one, composed = tiny.vlm.context([segment], mode), tiny.vlm.context([segment])
    assert torch.equal(one.keys, composed.keys)
    assert torch.equal(one.values, composed.values)
    assert (one.computed, one.mode) == (0, mode)


def test_stored_tensors_stay_as_they_are(tiny: Tiny) -> None:
    segments = [tiny.vlm.encode_segment(source) for source in SOURCES]
    before = [(s.keys.clone(), s.values.clone()) for s in segments]
    for mode in (Mode.LINK, Mode.BLEND):
        tiny.vlm.context(segments, mode)
    for segment, (keys, values) in zip(segments, before, strict=True):
        assert torch.equal(segment.keys, keys)
        assert torch.equal(segment.values, values)


def test_which_rows_are_chosen() -> None:
    segments = [small_segment((3, 4)), small_segment((2, 3, 4)), small_segment((5,))]
    assert later_rows(segments, 10) == list(range(17, 31))
    assert later_rows(segments[:1], 10) == later_rows([], 10) == []
    assert linked_rows(segments, 10, 2) == [17, 18, 19, 20, 26, 27, 28, 29, 30]
    assert linked_rows(segments, 10, 0) == [17, 18, 26, 27, 28, 29, 30]
    assert linked_rows(segments, 10, 1000) == later_rows(segments, 10)


@settings(deadline=None, max_examples=40)
@given(rows=st.integers(1, 30), share=st.floats(0.01, 1.0), seed=st.integers(0, 99))
def test_the_rows_that_moved_most_go_on(rows: int, share: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    old, new = torch.randn(2, 3, rows, 4, generator=generator)
    chosen = moved_most(old, new, share).tolist()
    change = [float(((new[:, r] - old[:, r]).double() ** 2).sum()) for r in range(rows)]
    assert chosen == sorted(chosen)
    assert share * rows <= len(chosen) < share * rows + 1
    left = [change[r] for r in range(rows) if r not in chosen]
    assert min(change[r] for r in chosen) >= max(left, default=0.0) - 1e-5


@pytest.mark.parametrize(
    "change", [{"link_tokens": -1}, {"blend_share": 0.0}, {"blend_share": 1.5}, {"check_layer": -1}]
)
def test_a_repair_is_checked(change: dict[str, float]) -> None:
    with pytest.raises(SettingError):
        Repair(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [1, 7, 10_000])
def test_link_in_chunks_is_link_in_one_pass(tiny: Tiny, rows: int) -> None:
    segments = [tiny.vlm.encode_segment(source) for source in SOURCES]
    whole = tiny.vlm.context(segments, Mode.LINK)
    chunked = tiny.vlm.context(segments, Mode.LINK, rows_at_once=rows)
    assert same_rows(chunked, whole.keys, whole.values, 1e-5 * float(whole.keys.abs().max()))
    assert (chunked.computed, chunked.reused) == (whole.computed, whole.reused)
