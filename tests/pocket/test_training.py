"""Training is right by value: positions, patches, tower, tree of blocks, streams and checkpoints."""

from __future__ import annotations

import json
import random
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from jarvis_pocket.tokens import build_processor
from jarvis_pocket.train import loop
from jarvis_pocket.train.batch import collate, forward, patchify, see
from jarvis_pocket.train.data import PREFIX, Stage, draw_example
from jarvis_pocket.train.model import build_vlm
from jarvis_pocket.train.vlm import CURRICULUM, draw_batch, train, whole_answers
from jarvis_pocket.train.writer import TAIL, Example, Writer


@cache
def parts() -> tuple[Any, Any]:
    processor = build_processor()
    return build_vlm(processor.tokenizer).eval(), processor


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (96, 48)])
def test_patches_and_tower_are_those_of_the_stock_classes(size: tuple[int, int]) -> None:
    model, processor = parts()
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    stock = processor.image_processor(Image.fromarray(pixels), return_tensors="pt")
    mine = torch.from_numpy(pixels.transpose(2, 0, 1))[None]
    torch.testing.assert_close(patchify(mine)[0], stock["pixel_values"], rtol=0, atol=1e-6)
    with torch.no_grad():
        want = model.model.visual(stock["pixel_values"], grid_thw=stock["image_grid_thw"]).pooler_output
        torch.testing.assert_close(see(model.model.visual, mine)[0], want, rtol=1e-5, atol=1e-6)


def path_to(example: Example, block: int) -> list[int]:
    """The tokens of a block and of its ancestors, in order."""
    family = {block}
    while (parent := example.parents[block]) >= 0:
        family.add(parent)
        block = parent
    return [i for i, b in enumerate(example.blocks) if b in family]


def drawn(seed: int = 3) -> Example:
    stage = Stage(concepts=(2,), questions=2, scenes=1, scene_questions=2)
    return draw_example(random.Random(seed), Writer(parts()[1].tokenizer), stage)


def test_positions_are_those_of_the_stock_rope_index() -> None:
    model, processor = parts()
    example = drawn()
    pad = processor.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    for block in range(len(example.parents)):
        path = path_to(example, block)
        ids = torch.tensor([[example.ids[i] for i in path]])
        sizes = [pixels.shape for start, pixels in example.images if start in path]
        grid = torch.tensor([[1, s[0] // 8, s[1] // 8] for s in sizes])
        want, _ = model.model.get_rope_index(ids, (ids == pad).int(), image_grid_thw=grid)
        got = torch.tensor([example.positions[i] for i in path]).T[:, None]
        assert torch.equal(got, want)


def test_a_question_in_the_tree_is_the_question_alone() -> None:
    """The logits of each block equal those of a plain causal pass over its own path."""
    model, processor = parts()
    example = drawn()
    tree = collate([example, drawn(8)], processor.tokenizer.pad_token_id)
    with torch.no_grad():
        got, labels, _, answers = forward(model, tree)
        mine = answers < tree.sees.shape[1]
        leaves = [
            b for b in range(len(example.parents)) if any(example.labels[i] >= 0 for i in path_to(example, b))
        ]
        for block in leaves:
            path = path_to(example, block)
            alone = Example(
                ids=[example.ids[i] for i in path],
                labels=[example.labels[i] for i in path],
                kinds=[example.kinds[i] for i in path],
                blocks=[0] * len(path),
                positions=[example.positions[i] for i in path],
                parents=[-1],
                images=[(path.index(start), pixels) for start, pixels in example.images if start in path],
            )
            want, targets, _, _ = forward(model, collate([alone], processor.tokenizer.pad_token_id))
            here = mine & (answers == block)
            assert torch.equal(labels[here], targets)
            torch.testing.assert_close(got[here], want, rtol=1e-4, atol=1e-5)


def test_the_prompt_is_what_the_chat_template_makes() -> None:
    _, processor = parts()
    messages = [
        {"role": "system", "content": PREFIX.split("\n")[1].removesuffix("<|im_end|>")},
        {"role": "user", "content": [{"type": "text", "text": "What does Bo like?"}]},
    ]
    text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert text == f"{PREFIX}What does Bo like?{TAIL}"


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    tokenizer = parts()[1].tokenizer

    def draw(rng: random.Random, step: int) -> torch.Tensor:
        return draw_batch(tokenizer, 0, 1, rng, step).ids[:2]

    whole = loop.batches(draw, seed=5, start=0, workers=0)
    first = [next(whole) for _ in range(5)]
    resumed = loop.batches(draw, seed=5, start=3, workers=2)
    assert torch.equal(next(resumed), first[3])
    assert torch.equal(next(resumed), first[4])
    assert not torch.equal(first[0], first[1])


def test_a_checkpoint_brings_back_weights_optimiser_and_progress(tmp_path: Path) -> None:
    def steps(model: torch.nn.Module, optimizer: torch.optim.Optimizer, count: int, seed: int) -> None:
        for i in range(count):
            x = torch.randn(4, 3, generator=torch.Generator().manual_seed(seed + i))
            optimizer.zero_grad()
            model(x).pow(2).sum().backward()
            optimizer.step()

    torch.manual_seed(0)
    straight = torch.nn.Linear(3, 2)
    other = torch.nn.Linear(3, 2)
    other.load_state_dict(straight.state_dict())
    a, b = loop.make_optimizer(straight.parameters(), 0.1), loop.make_optimizer(other.parameters(), 0.1)
    steps(straight, a, 5, 0)
    steps(other, b, 2, 0)
    loop.save_state(tmp_path, other, b, {"step": 2, "history": [{"loss": 1.0}]})
    fresh = torch.nn.Linear(3, 2)
    c = loop.make_optimizer(fresh.parameters(), 0.1)
    assert loop.load_state(tmp_path, fresh, c) == {"step": 2, "history": [{"loss": 1.0}]}
    steps(fresh, c, 3, 2)
    assert torch.equal(fresh.weight, straight.weight)
    assert loop.load_state(tmp_path / "nowhere", fresh, c) == {}


def test_an_answer_counts_only_whole() -> None:
    labels = torch.tensor([1, 2, 3, 4])
    logits = torch.nn.functional.one_hot(torch.tensor([1, 2, 3, 0]), 5).float()
    scores = whole_answers(logits, labels, torch.tensor([0, 0, 1, 1]), torch.tensor([9, 9, 4, 4]))
    assert scores == {"fact": (1.0, 1), "detail": (0.0, 1)}


def progress_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "progress.json").read_text()))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_the_rate_warms_up_holds_and_falls() -> None:
    assert loop.rate(1.0, 0, 0.0, warmup=10) == pytest.approx(0.1)
    assert loop.rate(1.0, 50, 0.5, warmup=10) == 1.0
    assert loop.rate(1.0, 50, 0.85, warmup=10, cooldown=0.3) == pytest.approx(0.5)
    assert loop.rate(1.0, 50, 1.0, warmup=10) == pytest.approx(0.01)


def test_training_goes_on_where_it_stopped_and_from_an_exported_model(tmp_path: Path) -> None:
    """One step each: from scratch, resumed, and from the export at the stage of pixels."""
    run = partial(train, minutes=1e-4, device="cpu", workers=0, compiled=False, eyes_steps=1)
    first = run(tmp_path / "a")
    assert progress_of(tmp_path / "a")["step"] == 1
    before = weights(first)
    run(tmp_path / "a", resume=True)
    assert progress_of(tmp_path / "a")["step"] == 2
    assert any(not torch.equal(before[key], value) for key, value in weights(first).items())
    pixels = next(start for start, stage, _ in CURRICULUM if stage.pictures == "pixels")
    other = run(tmp_path / "b", init=first)
    assert progress_of(tmp_path / "b")["step"] == pixels + 1
    assert not (tmp_path / "b" / "tower.safetensors").exists()  # its eyes are open already
    assert (other / "tokenizer.json").read_bytes() == (first / "tokenizer.json").read_bytes()
