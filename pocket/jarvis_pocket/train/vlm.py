"""Train Pocket's VLM from scratch: eyes, then reading (text alone), then pictures. Resumable; CPU or GPU."""

from __future__ import annotations

import json
import random
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from jarvis_pocket import ask
from jarvis_pocket.tokens import build_processor
from jarvis_pocket.train import loop
from jarvis_pocket.train.batch import Batch, collate, forward
from jarvis_pocket.train.data import Stage, draw_example
from jarvis_pocket.train.eyes import Heads, Views, draw_views, rescale
from jarvis_pocket.train.model import build_vlm
from jarvis_pocket.train.writer import Writer

EYES_STEPS = 2000
# Kinds of questions, then drills of each kind.
METERED = (*ask.KINDS, *(f"{kind} drill" for kind in ask.KINDS))
# (from step, stage, contexts in a batch): all as text, then pictures in words, then pictures.
CURRICULUM: tuple[tuple[int, Stage, int], ...] = (
    (0, Stage(concepts=(1, 2, 3), pictures="none", questions=8, drills=8), 8),
    (200, Stage(concepts=(2, 3, 4), pictures="none", questions=10, drills=10), 6),
    (500, Stage(concepts=(1, 2, 3), pictures="words", told=0.0, scenes=2, drills=6), 6),
    (1700, Stage(concepts=(1, 2, 3, 3), told=0.0, scenes=2, drills=6), 6),
)


def stage_at(step: int) -> tuple[Stage, int]:
    """The stage of a step, and its batch size."""
    return next((stage, size) for start, stage, size in reversed(CURRICULUM) if step >= start)


def draw_batch(tokenizer: Any, pad: int, scale: int, rng: random.Random, step: int) -> Batch:
    """The batch of a step."""
    stage, size = stage_at(step)
    writer = Writer(tokenizer)
    return collate([draw_example(rng, writer, stage) for _ in range(size * scale)], pad)


def _processor(out: Path, seed: int, resume: bool) -> Any:
    """The processor of a run: made at its start and kept, as its vocabulary follows the world's wording."""
    from transformers import AutoProcessor

    kept = out / "processor"
    if resume and kept.exists():
        return AutoProcessor.from_pretrained(kept)
    processor = build_processor(seed)
    processor.save_pretrained(kept)
    return processor


def _begin(out: Path, seed: int, resume: bool, init: Path | None) -> tuple[Any, Any, int]:
    """Model, processor and first step: fresh, as the run in ``out`` had them, or from an exported model."""
    if init is not None and not resume:
        from transformers import AutoModelForImageTextToText, AutoProcessor

        processor = AutoProcessor.from_pretrained(init)
        processor.save_pretrained(out / "processor")
        model = AutoModelForImageTextToText.from_pretrained(init, dtype=torch.float32)
        return model, processor, CURRICULUM[-1][0]
    processor = _processor(out, seed, resume)
    return build_vlm(processor.tokenizer, seed), processor, 0


def _draw_views(rng: random.Random, step: int) -> Views:
    return draw_views(rng, 32)


def _open_eyes(
    model: Any, tokenizer: Any, out: Path, seed: int, workers: int, device: torch.device, steps: int
) -> None:
    """Align the vision tower with the word embeddings, once; the finished tower is kept in ``out``."""
    from safetensors.torch import save_file

    tower = model.model.visual
    heads = Heads(model.get_input_embeddings().weight, tokenizer).to(device)
    rescale(tower, heads.length, draw_views(random.Random(seed), 8))
    optimizer = loop.make_optimizer([*tower.parameters(), *heads.parameters()], 2e-3)
    stream, meter = loop.batches(_draw_views, seed + 1, 0, workers), loop.Meter(50)
    for step in range(steps):
        waited = time.monotonic()
        views = next(stream)
        meter.waited += time.monotonic() - waited
        for group in optimizer.param_groups:
            group["lr"] = loop.rate(2e-3, step, step / steps, warmup=50)
        loss, scores = heads(tower, views)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        optimizer.step()
        meter.add("loss", loss.item())
        for key, (right, count) in scores.items():
            meter.add(key, right, count)
        if (step + 1) % meter.every == 0:
            loop.say("eyes", step + 1, meter.report())
    out.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.cpu().contiguous().clone() for k, v in tower.state_dict().items()}
    save_file(tensors, out / "tower.safetensors")


def whole_answers(
    logits: Tensor, labels: Tensor, kinds: Tensor, answers: Tensor
) -> dict[str, tuple[float, int]]:
    """Per kind the share of answers whose every token is right (true ones before it given), and the count."""
    wrong = (logits.argmax(-1) != labels).float()
    unique, index = answers.unique(return_inverse=True)
    misses = torch.zeros(len(unique), device=wrong.device).index_add_(0, index, wrong)
    of = torch.zeros(len(unique), dtype=torch.long, device=wrong.device).scatter_(0, index, kinds)
    return {
        kind: ((misses[of == i] == 0).float().mean().item(), int((of == i).sum()))
        for i, kind in enumerate(METERED)
        if (of == i).any()
    }


def train(
    out: Path,
    *,
    resume: bool = False,
    init: Path | None = None,
    device: str = "cpu",
    minutes: float = 60,
    seed: int = 0,
    workers: int = 1,
    lr: float = 2e-3,
    scale: int = 1,
    compiled: bool = True,
    eyes_steps: int = EYES_STEPS,
) -> Path:
    """Train for ``minutes``, export to ``out/export``; with ``resume``, go on from the checkpoint in ``out``.

    ``init`` is an exported model to go on from, at the last stage and without its optimiser state.
    The learning rate falls over the last 30 % of the time. The data stream of a step depends on ``seed`` and
    the step alone, so a resumed run sees what an unbroken one would. ``scale`` multiplies the batch size (for
    a GPU). ``compiled`` fuses the text layers (two minutes at the start; 2.6 times as fast on one core).
    """
    where = torch.device(device)
    model, processor, first = _begin(out, seed, resume, init)
    tokenizer, model = processor.tokenizer, model.to(where)
    # The tower comes first in the model's order of parameters, and it is trained already when pixels begin.
    tower = list(model.model.visual.parameters())
    rest = list(model.parameters())[len(tower) :]
    optimizer = loop.make_optimizer([{"params": tower, "share": 0.2}, {"params": rest, "share": 1.0}], lr)
    progress = loop.load_state(out, model, optimizer) if resume else {}
    step, began, history = (
        int(progress.get("step", first)),
        time.monotonic(),
        list(progress.get("history", [])),
    )
    draw = partial(draw_batch, tokenizer, tokenizer.pad_token_id, scale)
    stream, meter = loop.batches(draw, seed, step, workers), loop.Meter(50)
    if compiled:
        for layer in model.model.language_model.layers:
            layer.compile(dynamic=True)
    model.train()
    pictures = next(start for start, stage, _ in CURRICULUM if stage.pictures == "pixels")
    while (spent := (time.monotonic() - began) / 60 / minutes) < 1:
        if first < pictures <= step and not (out / "tower.safetensors").exists():
            _open_eyes(model, tokenizer, out, seed, workers, where, eyes_steps)
        waited = time.monotonic()
        batch = next(stream).to(where)
        meter.waited += time.monotonic() - waited
        for group in optimizer.param_groups:
            group["lr"] = loop.rate(lr, step, spent) * group["share"]
        logits, labels, kinds, answers = forward(model, batch)
        loss = functional.cross_entropy(logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        meter.add("loss", loss.item())
        for kind, (right, count) in whole_answers(logits, labels, kinds, answers).items():
            meter.add(kind, right, count)
        if step % meter.every == 0:
            means = meter.report()
            history.append({"step": step, "seconds": round(time.monotonic() - began), **means})
            loop.say("vlm", step, means)
        if step % 250 == 0:
            loop.save_state(out, model, optimizer, {"step": step, "seed": seed, "history": history})
    loop.save_state(out, model, optimizer, {"step": step, "seed": seed, "history": history})
    return export(out, model, processor)


def export(out: Path, model: Any, processor: Any) -> Path:
    """Write the model in bfloat16 with its processor to ``out/export``, ready for the Auto classes."""
    folder = out / "export"
    model.to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)
    settings = {"patch_side": 32, "question_pixels": 96 * 48}
    (folder / "jarvis.json").write_text(json.dumps(settings, indent=1) + "\n")
    return folder
