"""What a stage cannot do without: against counts by hand, and against those of torch."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.ceilings import Limit, TextShape, Work, composing, prefill
from benchmarks.shapes import SHAPES, shape_config
from jarvis_memory.kv import Inputs
from tests.kv.tiny import Tiny, bo, make_tiny

SMALL = TextShape(
    hidden=6, inner=10, layers=2, heads=3, kv_heads=1, head_dim=2, vocabulary=7, size=2
)  # queries 6 x 6, keys and values 6 x 2 each, outputs 6 x 6, perceptron 3 x 6 x 10


def test_a_small_shape_is_counted_by_hand() -> None:
    assert SMALL.layer_weights == 36 + 12 + 12 + 36 + 180
    assert SMALL.head_weights == 42
    assert SMALL.row_bytes == 2 * 2 * 1 * 2 * 2  # keys and values, layers, heads, numbers, bytes
    assert SMALL.weight_bytes == 2 * (2 * 276 + 42)
    # Three new tokens behind four: they attend to 5, 6 and 7 tokens.
    work = prefill(SMALL, tokens=3, past=4)
    products = 2 * (3 * 2 * 276 + 42)
    attention = 2 * 2 * 2 * (5 + 6 + 7) * 3 * 2  # queries by keys and by values, two layers, three heads
    assert work.takes[Limit.OPERATIONS] == products + attention
    assert work.takes[Limit.MEMORY] == SMALL.weight_bytes + 7 * SMALL.row_bytes
    both = prefill(SMALL, tokens=3, past=4, batch=2)
    assert both.takes[Limit.OPERATIONS] == 2 * (products + attention)
    assert both.takes[Limit.MEMORY] == SMALL.weight_bytes + 2 * 7 * SMALL.row_bytes
    assert composing(SMALL, 5).takes == {Limit.MEMORY: 2 * 5 * SMALL.row_bytes}


def test_a_real_shape_has_the_bytes_of_its_model() -> None:
    """Qwen2.5-VL-7B in bfloat16: 28 layers of 4 heads of 128; a step reads 7.07e9 weights."""
    config = shape_config("qwen2.5-vl-7b", _tokenizer()).get_text_config()
    shape = TextShape.of(config, 2)
    assert shape.row_bytes == 57_344
    assert shape.weight_bytes == pytest.approx(2 * 7.07e9, rel=0.005)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_weights_are_those_of_the_matrices(name: str) -> None:
    from transformers import AutoModelForImageTextToText

    config = shape_config(name, _tokenizer(), layers=2)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    shape = TextShape.of(config.get_text_config(), 4)
    matrices = [m for m in model.model.language_model.layers.modules() if isinstance(m, torch.nn.Linear)]
    assert sum(m.weight.numel() for m in matrices) == 2 * shape.layer_weights
    assert model.lm_head.weight.numel() == shape.head_weights


@pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl", "internvl"])
def test_operations_are_those_that_torch_counts(family: str) -> None:
    tiny = make_tiny(family)
    tiny.model.set_attn_implementation("eager")
    shape = TextShape.of(tiny.model.config.get_text_config(), 4)
    context = tiny.vlm.context([bo()])
    asked = tiny.vlm.parts.runner.inputs(tiny.vlm.parts.layout.question("Who is Bo?", (), ()))
    counted = _counted(tiny, context.cache(asked.tokens), asked, context.next_position)
    # Eager attention makes all products and hides those of later tokens.
    every = asked.tokens * (context.tokens + asked.tokens)
    told = prefill(shape, asked.tokens, context.tokens, pairs=every).takes[Limit.OPERATIONS]
    assert counted == pytest.approx(told, rel=2e-3)  # it counts the angles of the rotary table too
    causal = prefill(shape, asked.tokens, context.tokens).takes[Limit.OPERATIONS]
    hidden = asked.tokens * (asked.tokens - 1) // 2
    assert told - causal == 4 * shape.layers * shape.heads * shape.head_dim * hidden


def _counted(tiny: Tiny, cache: object, asked: Inputs, start: int) -> int:
    with FlopCounterMode(display=False) as counter:
        tiny.vlm.parts.runner.run(asked, start, cache)
    return int(counter.get_total_flops())


def test_a_floor_is_that_of_the_slowest_limit() -> None:
    rates = {Limit.OPERATIONS: 10.0, Limit.MEMORY: 2.0, Limit.HOST: 1.0, Limit.DISK: 0.5}
    assert Work({Limit.OPERATIONS: 40.0, Limit.MEMORY: 6.0}).floor(rates) == (4.0, Limit.OPERATIONS)
    assert Work({Limit.OPERATIONS: 40.0, Limit.MEMORY: 10.0}).floor(rates) == (5.0, Limit.MEMORY)
    assert Work({Limit.DISK: 3.0}).floor(rates) == (6.0, Limit.DISK)


def _tokenizer() -> object:
    from jarvis_memory.vlm.loading import load_model

    return load_model("pocket", device="cpu").processor.tokenizer
