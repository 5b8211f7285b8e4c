"""Train Pocket's VLM: eyes, then reading (text alone), then pictures. Resumable to the bit; CPU or GPU."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from jarvis_pocket.tokens import PIXELS, build_processor
from jarvis_pocket.train import loop
from jarvis_pocket.train.batch import Batch, collate, forward
from jarvis_pocket.train.data import PATCH_SIDE, Stage, draw_example
from jarvis_pocket.train.model import LAYERS, WIDTH, adopt, build_vlm
from jarvis_pocket.train.opening import open_eyes
from jarvis_pocket.train.validation import Validation, whole_answers
from jarvis_pocket.train.writer import Writer

CHECK = 250
"""Steps between two checkpoints, each with a look at the validation split."""
# (from step, stage, contexts in a batch): all as text, then pictures in words, then pictures.
CURRICULUM: tuple[tuple[int, Stage, int], ...] = (
    (0, Stage(concepts=(1, 2, 3), pictures="none", questions=8, drills=8), 8),
    (200, Stage(concepts=(2, 3, 4), pictures="none", questions=10, drills=10), 6),
    (500, Stage(concepts=(1, 2, 3), pictures="words", told=0.0, scenes=2, drills=6), 6),
    (1700, Stage(concepts=(1, 2, 3, 3, 4, 5, 6), told=0.0, questions=3, scenes=2, drills=4), 6),
)


@dataclass(frozen=True)
class Plan:
    """What a run is made of; a resumed one must be given the same.

    Attributes:
        steps: how many in all; the learning rate falls over the last 30 % of them.
        eyes_steps: of the stage that aligns the vision tower.
        patience: looks at the validation split without a better mean before the rate begins to fall.
        scale: multiplies the batch size (for a GPU).
        compiled: fuse the text layers with torch.compile.
    """

    steps: int = 8000
    eyes_steps: int = 2000
    patience: int = 12
    lr: float = 2e-3
    scale: int = 1
    seed: int = 0
    workers: int = 1
    width: int = WIDTH
    layers: int = LAYERS
    compiled: bool = True
    watched: int = 40
    """Contexts of the validation split that are looked at."""


def stage_at(step: int) -> tuple[Stage, int]:
    """The stage of a step, and its batch size."""
    return next((stage, size) for start, stage, size in reversed(CURRICULUM) if step >= start)


def draw_batch(tokenizer: Any, pad: int, scale: int, rng: random.Random, step: int) -> Batch:
    """The batch of a step; its contexts hold equally many concepts, so that little of it is padding."""
    stage, size = stage_at(step)
    stage = replace(stage, concepts=(rng.choice(stage.concepts),))
    writer = Writer(tokenizer)
    return collate([draw_example(rng, writer, stage) for _ in range(size * scale)], pad)


def _begin(out: Path, plan: Plan, resume: bool, init: Path | None) -> tuple[Any, Any, int]:
    """Model, processor and first step: fresh, as the run in ``out`` had them, or from an exported model.

    The processor of a run is made at its start and kept, as its vocabulary follows the world's wording.
    """
    from transformers import AutoModelForImageTextToText, AutoProcessor

    kept = out / "processor"
    if resume and kept.exists():
        processor = AutoProcessor.from_pretrained(kept)
    else:
        processor = build_processor(plan.seed)
        processor.save_pretrained(kept)
    if init is None:
        return build_vlm(processor.tokenizer, plan.seed, width=plan.width, layers=plan.layers), processor, 0
    old = AutoModelForImageTextToText.from_pretrained(init, dtype=torch.float32)
    spoken = AutoProcessor.from_pretrained(init).tokenizer
    model = adopt(old, spoken, processor.tokenizer, layers=plan.layers, seed=plan.seed)
    return model, processor, CURRICULUM[-1][0]


@dataclass
class _Progress:
    """How far a run is: the next step, where the rate has fallen to nothing, and what was seen on the way."""

    step: int
    steps: int
    history: list[dict[str, float]] = field(default_factory=list)
    best: float = 0.0
    stale: int = 0

    def judge(self, mean: float, patience: int) -> bool:
        """Take a validation mean; with ``patience`` of them no better, let the rate fall from here."""
        self.stale = 0 if mean > self.best else self.stale + 1
        self.best = max(self.best, mean)
        falling = self.step >= 0.7 * self.steps
        if self.stale >= patience and not falling:
            self.steps = round(self.step / 0.7)
            return True
        return False


def train(
    out: Path, plan: Plan, *, resume: bool = False, init: Path | None = None, device: str = "cpu"
) -> Path:
    """Train, export to ``out/export``; with ``resume``, go on from the checkpoint in ``out``.

    ``init`` is an exported model to go on from, at the last stage and without its optimiser state; its
    vocabulary is exchanged for that of the world of today (`adopt`). The batch of a step depends on seed and
    step alone and so does the learning rate, so a resumed run is the run that was not interrupted.
    """
    where = torch.device(device)
    model, processor, first = _begin(out, plan, resume, init)
    tokenizer, model = processor.tokenizer, model.to(where)
    # The tower comes first in the model's order of parameters, and it is trained already when pixels begin.
    tower = list(model.model.visual.parameters())
    rest = list(model.parameters())[len(tower) :]
    optimizer = loop.make_optimizer(
        [{"params": tower, "share": 0.2}, {"params": rest, "share": 1.0}], plan.lr
    )
    kept = loop.load_state(out, model, optimizer) if resume else {}
    at = _Progress(**kept) if kept else _Progress(first, plan.steps)
    pictures = next(start for start, stage, _ in CURRICULUM if stage.pictures == "pixels")
    began = time.monotonic()

    def look() -> None:
        if at.step >= pictures and not (out / "tower.safetensors").exists():
            open_eyes(model, tokenizer, out, plan.seed, plan.workers, where, plan.eyes_steps)

    look()
    draw = partial(draw_batch, tokenizer, tokenizer.pad_token_id, plan.scale)
    stream, meter = loop.batches(draw, plan.seed, at.step, plan.workers), loop.Meter(50)
    validation = Validation(tokenizer, CURRICULUM[-1][1], plan.watched)
    if plan.compiled:
        for layer in model.model.language_model.layers:
            layer.compile(dynamic=True)
    model.train()
    while at.step < at.steps:
        look()
        with meter.waiting():
            batch = next(stream).to(where)
        for group in optimizer.param_groups:
            group["lr"] = loop.rate(plan.lr, at.step, at.step / at.steps) * group["share"]
        logits, labels, kinds, answers = forward(model, batch)
        loss = functional.cross_entropy(logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        at.step += 1
        meter.add("loss", loss.item())
        for kind, (right, count) in whole_answers(logits, labels, kinds, answers).items():
            meter.add(kind, right, count)
        if at.step % meter.every == 0:
            loop.say("vlm", at.step, meter.report())
        if at.step % CHECK == 0 or at.step == at.steps:
            seen = validation.look(model, where)
            at.history.append({"step": at.step, "minutes": (time.monotonic() - began) / 60, **seen})
            loop.say("valid", at.step, seen)
            if at.judge(seen["mean"], plan.patience):
                loop.say("stale", at.step, {"steps": at.steps})
            loop.save_state(out, model, optimizer, vars(at))
    return export(out, model, processor, at.history)


def export(out: Path, model: Any, processor: Any, history: list[dict[str, float]]) -> Path:
    """Write the model in bfloat16, its processor and its curves to ``out/export``, for the Auto classes."""
    folder = out / "export"
    model.to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)
    # Training never shows two pictures with one question.
    pixels = PIXELS["max_pixels"]
    settings = {"patch_side": PATCH_SIDE, "question_pixels": pixels, "question_images": 1}
    (folder / "jarvis.json").write_text(json.dumps(settings, indent=1) + "\n")
    rounded = [{key: round(value, 4) for key, value in one.items()} for one in history]
    (folder / "history.json").write_text(json.dumps(rounded, indent=1) + "\n")
    return folder
