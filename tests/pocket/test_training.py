"""Training is right by value: positions, patches, tower, tree of blocks, streams and checkpoints."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoTokenizer

from jarvis_pocket.tokens import build_processor
from jarvis_pocket.train import loop
from jarvis_pocket.train.batch import collate, forward, patchify, see
from jarvis_pocket.train.data import PREFIX, Stage, draw_example
from jarvis_pocket.train.model import adopt, build_vlm
from jarvis_pocket.train.validation import Validation, whole_answers
from jarvis_pocket.train.vlm import CURRICULUM, Plan, draw_batch, train
from jarvis_pocket.train.writer import TAIL, Example, Writer

WEIGHTS = Path(str(files("jarvis_pocket") / "weights"))


@cache
def parts() -> tuple[Any, Any]:
    processor = build_processor()
    return build_vlm(processor.tokenizer).eval(), processor


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (128, 64)])
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


PLAN = Plan(steps=2, eyes_steps=1, workers=0, compiled=False, watched=2)


def test_a_resumed_run_is_the_run_that_was_not_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two steps at once, and two steps with a stop in between, end in the same weights, to the bit."""
    monkeypatch.setattr("jarvis_pocket.train.vlm.CHECK", 1)
    whole = weights(train(tmp_path / "whole", PLAN))
    assert progress_of(tmp_path / "whole")["step"] == 2
    with monkeypatch.context() as patched:
        patched.setattr("jarvis_pocket.train.vlm.export", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        patched.setattr("jarvis_pocket.train.loop.rate", partial(stop_at, 1, loop.rate))
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "parts", PLAN)
    assert progress_of(tmp_path / "parts")["step"] == 1
    parts = weights(train(tmp_path / "parts", PLAN, resume=True))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(value, parts[key]) for key, value in whole.items())
    history = progress_of(tmp_path / "parts")["history"]
    assert [seen["step"] for seen in history] == [1, 2]
    assert all(0 <= seen["mean"] <= 1 for seen in history)


def stop_at(last: int, rate: Any, lr: float, step: int, spent: float) -> float:
    """The learning rate until a step at which somebody presses Ctrl-C."""
    if step >= last:
        raise KeyboardInterrupt
    return float(rate(lr, step, spent))


def test_training_goes_on_from_an_exported_model(tmp_path: Path) -> None:
    pixels = next(start for start, stage, _ in CURRICULUM if stage.pictures == "pixels")
    first = train(tmp_path / "a", replace(PLAN, steps=1))
    before = load_file(tmp_path / "a" / "state.safetensors")
    other = train(tmp_path / "b", replace(PLAN, steps=pixels + 1, layers=5), init=first)
    assert progress_of(tmp_path / "b")["step"] == pixels + 1
    assert (tmp_path / "b" / "tower.safetensors").exists()  # its eyes speak the words of its own vocabulary
    assert (other / "tokenizer.json").read_bytes() == (first / "tokenizer.json").read_bytes()
    after = load_file(tmp_path / "b" / "state.safetensors")
    assert "model/model.language_model.layers.4.mlp.up_proj.weight" in after
    key = "model/model.language_model.layers.0.mlp.up_proj.weight"
    assert (after[key] - before[key].bfloat16().float()).abs().max() < 5e-3


def test_a_model_keeps_what_it_knows_with_another_vocabulary_and_more_layers() -> None:
    model, processor = parts()
    tokenizer = processor.tokenizer
    other = adopt(model, tokenizer, tokenizer, layers=6).eval()
    ids = torch.tensor([tokenizer("Liki likes noodles.")["input_ids"]])
    with torch.no_grad():
        torch.testing.assert_close(other(input_ids=ids).logits, model(input_ids=ids).logits)
    with pytest.raises(ValueError, match="at least as many"):
        adopt(model, tokenizer, tokenizer, layers=3)


def test_tokens_that_are_new_look_like_old_ones() -> None:
    model, processor = parts()
    tokenizer = AutoTokenizer.from_pretrained(processor.tokenizer.name_or_path or WEIGHTS / "vlm")
    tokenizer.add_tokens(["zebra"])
    table = adopt(model, processor.tokenizer, tokenizer, layers=4).get_input_embeddings().weight
    old = model.get_input_embeddings().weight
    shared = [t for t in tokenizer.get_vocab() if t in processor.tokenizer.get_vocab()]
    mine = torch.tensor([tokenizer.get_vocab()[t] for t in shared])
    theirs = torch.tensor([processor.tokenizer.get_vocab()[t] for t in shared])
    assert torch.equal(table[mine], old[theirs])
    new = table[tokenizer.get_vocab()["zebra"]]
    assert 0.5 < new.norm() / old.norm(dim=1).median() < 2


def test_validation_is_apart_from_training_and_from_exams() -> None:
    tokenizer = parts()[1].tokenizer
    stage = CURRICULUM[-1][1]
    seen = Validation(tokenizer, stage, 3)
    again = Validation(tokenizer, stage, 3)
    assert all(torch.equal(a.ids, b.ids) for a, b in zip(seen.batches, again.batches, strict=True))
    scores = seen.look(parts()[0], torch.device("cpu"))
    assert scores["mean"] == pytest.approx(0, abs=0.05)  # a fresh model knows nothing
    assert {"fact", "detail"} <= scores.keys()
