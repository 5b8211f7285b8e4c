"""Whole photos in a segment, all tokens or some of them, and what words look at on them, against stock
transformers.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image
from transformers import DynamicCache

from jarvis_memory.kv import Mode, Repair, Segment, Storage
from jarvis_memory.vlm import VLM, Excerpt, SegmentSource
from jarvis_retrievers.errors import ContextError, ImageError, InputError
from tests.kv.oracle import IMAGE, PREFIX, TAIL, error, joint, prefill
from tests.kv.tiles import TILE_FAMILIES, WRITTEN, shown
from tests.kv.tiny import SETTINGS, Tiny, mug, picture

PHOTOS = (picture(30, (48, 32)), picture(31, (32, 48)))
PROFILE = "Bo is a dog.\nfacts: likes noodles\n"
SOME = ((0, 3), (1, 2, 3))


def whole(*kept: tuple[int, ...] | None) -> SegmentSource:
    photos = zip(PHOTOS, kept, strict=True)
    return SegmentSource("Bo", PROFILE, (), tuple(Excerpt(photo, tokens) for photo, tokens in photos))


def stock(tiny: Tiny) -> dict[str, Any]:
    """A prompt with the profile and both photos, as stock transformers reads it."""
    return joint(tiny, [SegmentSource("Bo", PROFILE, PHOTOS)])


def given(tiny: Tiny, inputs: dict[str, Any]) -> dict[str, Any]:
    """What the stock model hands to its language model."""
    caught: dict[str, Any] = {}
    hook = tiny.text.register_forward_pre_hook(
        lambda module, args, kwargs: caught.update(kwargs), with_kwargs=True
    )
    try:
        prefill(tiny, inputs)
    finally:
        hook.remove()
    return caught


def pads(tiny: Tiny, inputs: dict[str, Any]) -> torch.Tensor:
    ids = inputs["input_ids"][0]
    found: torch.Tensor = (ids == int(tiny.model.config.image_token_id)).nonzero()[:, 0]
    return found


def same_rows(segment: Segment, keys: torch.Tensor, values: torch.Tensor) -> bool:
    limit = 1e-5 * float(keys.abs().max())
    return error(segment.keys, keys) < limit and error(segment.values, values) < limit


def test_whole_photos_are_the_rows_of_the_stock_model(tiny: Tiny) -> None:
    keys, values, _ = prefill(tiny, stock(tiny))
    begin = tiny.vlm.prefix.tokens
    segment = tiny.vlm.encode_segment(whole(None, None))
    assert same_rows(segment, keys[:, :, begin:], values[:, :, begin:])
    every = tuple(tuple(range(tiny.vlm.sight.cells(photo)[2])) for photo in PHOTOS)
    again = tiny.vlm.encode_segment(whole(*every))
    assert (again.token_ids, again.parts) == (segment.token_ids, segment.parts)
    assert torch.equal(again.keys, segment.keys)


def test_kept_tokens_are_a_prefill_of_their_embeddings_and_positions(tiny: Tiny) -> None:
    inputs = stock(tiny)
    handed, images = given(tiny, inputs), pads(tiny, inputs)
    first = tiny.vlm.sight.cells(PHOTOS[0])[2]
    kept = [images[i] for i in SOME[0]] + [images[first + i] for i in SOME[1]]
    gone = set(images.tolist()) - {int(i) for i in kept}
    rows = torch.tensor([i for i in range(inputs["input_ids"].shape[1]) if i not in gone])
    mine = torch.isin(images, torch.stack(kept))
    tokens = inputs["input_ids"].shape[1]
    places = handed.get("position_ids")
    if places is None:
        places = torch.arange(tokens)[None]
    deep = handed.get("deepstack_visual_embeds")
    more = {}
    if deep is not None:
        seen = handed["visual_pos_masks"][..., rows]
        more = {"visual_pos_masks": seen, "deepstack_visual_embeds": [level[mine] for level in deep]}
    cache = DynamicCache()
    with torch.no_grad():
        tiny.text(
            inputs_embeds=handed["inputs_embeds"][:, rows],
            position_ids=places[..., rows],
            attention_mask=torch.ones(1, len(rows), dtype=torch.long),
            past_key_values=cache,
            use_cache=True,
            **more,
        )
    keys, values = (
        torch.cat([getattr(layer, what) for layer in cache.layers]) for what in ("keys", "values")
    )
    segment, begin = tiny.vlm.encode_segment(whole(*SOME)), tiny.vlm.prefix.tokens
    assert same_rows(segment, keys[:, :, begin:], values[:, :, begin:])
    assert [part.seen for part in segment.parts] == [0, len(SOME[0]), len(SOME[1])]
    # What follows a photo stands where it stands behind all of it.
    full = tiny.vlm.encode_segment(whole(None, None))
    assert [part.width for part in segment.parts] == [part.width for part in full.parts]
    assert segment.token_ids == tiny.vlm.segment_ids("Bo", PROFILE, 0, [len(kept) for kept in SOME])


def test_kept_tokens_are_stored_cut_extended_and_moved(tiny: Tiny) -> None:
    vlm, segment = tiny.vlm, tiny.vlm.encode_segment(whole(*SOME))
    for storage in (Storage.F32, Storage.NONE):
        again = vlm.segment_from_bytes(vlm.segment_to_bytes(segment, storage))
        assert (again.token_ids, again.parts, again.width) == (
            segment.token_ids,
            segment.parts,
            segment.width,
        )
        assert torch.equal(again.inputs.positions, segment.inputs.positions)
        # Without rows the features are kept in bfloat16, and rows are computed from these.
        limit = 0.0 if storage is Storage.F32 else 2**-8 * float(segment.inputs.features.abs().max())
        assert error(again.inputs.features, segment.inputs.features) <= limit
        head = again.parts[0].tokens if storage is Storage.NONE else None
        assert same_rows(
            again.cut(0) if head else again, segment.keys[:, :, :head], segment.values[:, :, :head]
        )
    one = vlm.encode_segment(whole(*SOME).cut(1))
    assert same_rows(one, segment.cut(1).keys, segment.cut(1).values)
    grown = vlm.extend_segment(one, "Bo", (), whole(*SOME).photos[1:])
    assert (grown.token_ids, grown.parts) == (segment.token_ids, segment.parts)
    assert same_rows(grown, segment.keys, segment.values)
    # Behind another concept: with all rows computed anew it is the joint prefill.
    every = VLM(tiny.model, tiny.processor, "all", settings=SETTINGS, repair=Repair(link_tokens=10_000))
    items = [every.encode_segment(mug()), every.encode_segment(whole(*SOME))]
    exact, linked = every.context(items, Mode.EXACT), every.context(items, Mode.LINK)
    assert error(linked.keys, exact.keys) < 1e-4 * float(exact.keys.abs().max())
    assert linked.next_position == exact.next_position
    moved = every.context(items, Mode.COMPOSE)
    begin = moved.tokens - items[1].tokens
    assert torch.equal(moved.values[:, :, begin:], items[1].values)


def eager(tiny: Tiny, inputs: dict[str, Any]) -> list[torch.Tensor]:
    """Attention (heads, L, L) of each layer, as stock transformers materialises it."""
    before = tiny.model.config._attn_implementation
    tiny.model.set_attn_implementation("eager")
    try:
        tiny.model.model.rope_deltas = None
        with torch.no_grad():
            found = tiny.model(**inputs, output_attentions=True).attentions
    finally:
        tiny.model.set_attn_implementation(before)
    return [layer[0] for layer in found]


def test_attention_is_what_transformers_materialises(tiny: Tiny) -> None:
    image, tokenizer = WRITTEN.get(tiny.family, IMAGE), tiny.processor.tokenizer
    text = f"{PREFIX}Bo{image}Bo\nDescribe Bo in a few words.{TAIL}a dog, red star"
    if tiny.family in TILE_FAMILIES:
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        pixels = shown(tiny.family, tiny.processor, PHOTOS[:1])
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), **pixels}
    else:
        inputs = dict(tiny.processor(text=[text], images=[PHOTOS[0]], return_tensors="pt"))
    first, comma, last = (len(tokenizer(piece)["input_ids"]) for piece in ("a dog", ",", " red star"))
    end, columns = inputs["input_ids"].shape[1], pads(tiny, inputs)
    begin = end - first - comma - last
    rows = [*range(begin, begin + first), *range(end - last, end)]
    wanted = torch.stack([layer[:, rows][:, :, columns].mean(dim=(0, 1)) for layer in eager(tiny, inputs)])
    found = tiny.vlm.sight.attention(PHOTOS[0], "Bo", ("a dog", "red star"))
    assert found.shape == (tiny.vlm.sight.layers, len(columns))
    assert error(found, wanted) < 1e-5 * float(wanted.max())


def test_what_cannot_be_kept_is_refused(tiny: Tiny) -> None:
    for kept in ((), (-1,), (2, 1), (1, 1)):
        with pytest.raises(InputError, match="ascend"):
            Excerpt(PHOTOS[0], kept)
    with pytest.raises(ImageError, match="str"):
        Excerpt("photo.jpg")  # type: ignore[arg-type]
    count = tiny.vlm.sight.cells(PHOTOS[0])[2]
    with pytest.raises(InputError, match=f"makes {count} tokens"):
        tiny.vlm.encode_segment(SegmentSource("Bo", PROFILE, (), (Excerpt(PHOTOS[0], (0, count)),)))
    with pytest.raises(InputError, match="keywords"):
        tiny.vlm.sight.attention(PHOTOS[0], "Bo", (" ",))
    with pytest.raises(ContextError, match="2 patches"):
        whole(None, None).cut(3)


def test_tokens_stand_in_rows_and_columns(tiny: Tiny) -> None:
    rows, columns, tokens = tiny.vlm.sight.cells(Image.new("RGB", (48, 32)))
    if tiny.family in TILE_FAMILIES:
        assert rows == columns
        assert tokens - rows * columns == (1 if tiny.family == "llava_onevision" else 0)
    else:
        assert (rows, columns, tokens) == (2, 3, 6)
