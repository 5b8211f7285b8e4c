"""The stage that opens the eyes of Pocket's VLM: see `jarvis_pocket.train.eyes` for what is learned."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from jarvis_pocket.train import loop
from jarvis_pocket.train.eyes import Heads, Views, draw_views, rescale


def _draw_views(rng: random.Random, step: int) -> Views:
    return draw_views(rng, 32)


def open_eyes(
    model: Any, tokenizer: Any, out: Path, seed: int, workers: int, device: torch.device, steps: int
) -> None:
    """Align the vision tower with the word embeddings, once; the finished tower is kept in ``out``.

    A checkpoint every 250 steps (in ``out/eyes``) lets an interrupted stage go on.
    """
    tower = model.model.visual
    heads = Heads(model.get_input_embeddings().weight, tokenizer).to(device)
    rescale(tower, heads.length, draw_views(random.Random(seed), 8))
    both = torch.nn.ModuleList([tower, heads])
    optimizer = loop.make_optimizer(both.parameters(), 2e-3)
    first = int(loop.load_state(out / "eyes", both, optimizer).get("step", 0))
    stream, meter = loop.batches(_draw_views, seed + 1, first, workers), loop.Meter(50)
    for step in range(first, steps):
        with meter.waiting():
            views = next(stream)
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
        if (step + 1) % 250 == 0:
            loop.save_state(out / "eyes", both, optimizer, {"step": step + 1})
    out.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.cpu().contiguous().clone() for k, v in tower.state_dict().items()}
    save_file(tensors, out / "tower.safetensors")
