"""The arithmetic of the benchmarks, and that the shapes are those of the models they are named after."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fidelity import break_even, several
from benchmarks.index_scale import recall
from benchmarks.index_world import DIM, World
from benchmarks.shapes import SHAPES, shape_config
from benchmarks.share import Share
from jarvis_memory.gate import GateScore, Verdict
from jarvis_memory.kv import Mode, Storage
from jarvis_retrievers.faiss_index import FaissIndex

PARAMETERS = {
    "qwen2.5-vl-3b": 3.75e9,
    "qwen2.5-vl-7b": 8.29e9,
    "qwen3-vl-4b": 4.44e9,
    "internvl3-8b": 7.94e9,
}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_shape_has_as_many_parameters_as_its_model(shape: str) -> None:
    from transformers import AutoModelForImageTextToText

    from jarvis_memory.vlm.loading import load_model

    config = shape_config(shape, load_model("pocket", device="cpu").processor.tokenizer)
    with torch.device("meta"):
        model: Any = AutoModelForImageTextToText.from_config(config)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == pytest.approx(PARAMETERS[shape], rel=0.005)


def test_an_interval_is_wilsons() -> None:
    # Checked by hand: 8 of 10 at 95 % (Newcombe 1998 gives 49.0 % to 94.3 %).
    low, high = Share(8, 10).interval
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert Share(0, 0).interval == (0.0, 1.0)


@given(
    st.lists(st.tuples(st.integers(1, 99), st.floats(0.1, 9), st.floats(0.1, 9)), unique_by=lambda r: r[0])
)
def test_from_break_even_on_composing_is_always_faster(rows: list[tuple[int, float, float]]) -> None:
    found = break_even(rows)
    larger = [row for row in rows if found is not None and row[0] >= found]
    assert all(composed < exact for _, exact, composed in larger)
    smaller = [row for row in rows if found is None or row[0] < found]
    if smaller:
        _, exact, composed = max(smaller)
        assert composed >= exact


def test_right_answers_of_all_sizes_above_one_are_pooled() -> None:
    def score(mode: Mode, segments: int, questions: int, right: float | None) -> GateScore:
        return GateScore(mode=mode, segments=segments, questions=questions, kl=0, agreement=1, right=right)

    scores = (
        score(Mode.COMPOSE, 1, 50, 0.0),
        score(Mode.COMPOSE, 2, 10, 0.9),
        score(Mode.COMPOSE, 3, 30, 0.5),
        score(Mode.LINK, 2, 10, 0.1),
        score(Mode.LINK, 3, 10, None),
    )
    verdict = Verdict(fingerprint="print", storage=Storage.BF16, mode=Mode.COMPOSE, scores=scores)
    assert several(verdict, Mode.COMPOSE) == Share(24, 40)
    assert several(verdict, Mode.LINK) == Share(1, 10)


def test_recall_is_the_share_of_the_true_ten() -> None:
    world = World(20, 3)
    matrix, queries = world.views(300), world.views(25)
    index = FaissIndex(DIM)
    index.add("one", range(300), matrix)
    assert recall(index, matrix, queries, at_once=64) == 1.0
    gone = set(range(0, 300, 4))
    index.remove("one", sorted(gone))
    true = [sorted(range(300), key=lambda n: -float(matrix[n] @ query))[:10] for query in queries]
    left = sum(len(set(ten) - gone) for ten in true) / 250
    assert recall(index, matrix, queries, at_once=64) == pytest.approx(left)
