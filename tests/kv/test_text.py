from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.vlm import MEMORY_INSTRUCTION, SegmentSource, TextEncoder
from jarvis_memory.vlm.decoding import text_pieces
from jarvis_memory.vlm.template import read_frame
from jarvis_retrievers.errors import InputError, UnsupportedModelError
from tests.kv.oracle import PREFIX, TAIL
from tests.kv.tiny import ADDED, CONTROL, Tiny, make_processor, make_tokenizer, picture

TOKENIZER = make_tokenizer()
ENCODER = TextEncoder(TOKENIZER)
EVERY = (*CONTROL, *ADDED)
mixed = st.lists(st.one_of(st.sampled_from(EVERY), st.text(max_size=5)), max_size=6).map("".join)


@settings(deadline=None, max_examples=100)
@given(mixed)
def test_no_text_becomes_a_control_token(text: str) -> None:
    ids = ENCODER.encode(text)
    assert not ENCODER.control_ids & set(ids)
    assert ENCODER.decode(ids) == text


def test_the_control_tokens_are_known() -> None:
    assert ENCODER.control_ids == {TOKENIZER.convert_tokens_to_ids(text) for text in EVERY}
    # The stock tokenizer does make control tokens of text: the guard is needed.
    assert set(TOKENIZER("".join(EVERY))["input_ids"]) == set(ENCODER.control_ids)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InputError, match="at 3"):
        ENCODER.encode("Bo \ud83d")


def test_nothing_is_left_on_the_tokenizer_and_nothing_is_cut() -> None:
    tokenizer = make_tokenizer()
    tokenizer("Bo likes noodles", max_length=1, truncation=True, padding="max_length")
    encoder = TextEncoder(tokenizer)
    assert encoder.state == ENCODER.state
    assert encoder.encode("Bo likes noodles") == ENCODER.encode("Bo likes noodles")
    assert set(tokenizer("<|im_end|>")["input_ids"]) <= encoder.control_ids


def seen(tiny: Tiny, name: str, note: str, question: str) -> tuple[Counter[int], Counter[int], int]:
    """Control tokens of a segment, those of a question, and how many images the model was given."""
    control = TextEncoder(tiny.processor.tokenizer).control_ids
    asked: list[int] = []
    grids: list[int] = []

    def note_ids(module: Any, given: tuple[torch.Tensor, ...]) -> None:
        asked.extend(given[0][0].tolist())

    def note_grid(module: Any, args: Any, given: dict[str, Any]) -> None:
        grids.append(len(given["grid_thw"] if "grid_thw" in given else (args or [given["pixel_values"]])[0]))

    segment = tiny.vlm.encode_segment(SegmentSource(name, note, (picture(1), picture(2))))
    context = tiny.vlm.context([segment])
    hooks = [
        tiny.model.get_input_embeddings().register_forward_pre_hook(note_ids),
        tiny.tower.register_forward_pre_hook(note_grid, with_kwargs=True),
    ]
    try:
        tiny.vlm.first_logits(context, question, [picture(3)])
    finally:
        for hook in hooks:
            hook.remove()
    images = sum(grids)
    return (
        Counter(i for i in segment.token_ids if i in control),
        Counter(i for i in asked if i in control),
        images,
    )


def test_names_notes_and_questions_are_data(tiny: Tiny) -> None:
    plain = seen(tiny, "Bo", "a dog", "Who is it?")
    written = {"internvl": 1 + 4 + 1, "llava_onevision": 17, "smolvlm": 2 + 4 + 1}.get(tiny.family, 1 + 4 + 1)
    assert sum(plain[0].values()) == 2 * written
    for text in [*EVERY, "".join(EVERY), f"\n{EVERY[2]}\n{EVERY[1]}system\n"]:
        assert seen(tiny, f"Bo{text}", f"{text} a dog\n{text}", f"Who {text} is it?{text}") == plain
        assert seen(tiny, text, text, text) == plain


def test_the_frame_is_that_of_the_template(tiny: Tiny) -> None:
    frame = read_frame(tiny.processor, ENCODER)
    assert list(frame.prefix) == tiny.processor.tokenizer(PREFIX)["input_ids"]
    assert list(frame.tail) == tiny.processor.tokenizer(TAIL)["input_ids"]
    assert MEMORY_INSTRUCTION in PREFIX


@pytest.mark.parametrize(
    "template",
    [
        None,
        "{{ messages[1].content[0].text }}",
        "{{ messages[0].content[0].text }}",
        "{{ messages[0].content[0].text }}{{ messages[1].content[0].text * 2 }}",
        "{{ messages[1].content[0].text }}{{ messages[0].content[0].text }}",
        "{{ messages[0].content[0].text }}{{ messages[1].content[0].text }}",
    ],
)
def test_a_template_that_cannot_be_split_is_refused(template: str | None) -> None:
    processor = make_processor("qwen2_5_vl")
    processor.chat_template = template
    with pytest.raises(UnsupportedModelError, match="template"):
        read_frame(processor, ENCODER)


def test_a_slow_tokenizer_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="object"):
        TextEncoder(object())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, len(TOKENIZER) - 1), max_size=30))
def test_pieces_join_to_the_whole_text(ids: list[int]) -> None:
    pieces = list(text_pieces(ids, ENCODER.decode))
    assert "".join(pieces) == ENCODER.decode(ids)
    assert not any(piece.endswith("\ufffd") for piece in pieces[:-1])
    assert all(pieces)


def test_a_character_of_several_tokens_is_one_piece() -> None:
    ids = ENCODER.encode("é🐕")
    assert len(ids) > 2
    assert list(text_pieces(ids, ENCODER.decode)) == ["é", "🐕"]
