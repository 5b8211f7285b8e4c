"""Train Pocket's OpenCLIP model: regions against captions, and against other regions of the same concept."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from jarvis_pocket import scene, world
from jarvis_pocket.telling import Shown, article
from jarvis_pocket.train import loop
from jarvis_pocket.train.bank import write_bank

SIDE = 48
CONFIG: dict[str, Any] = {
    "embed_dim": 96,
    "vision_cfg": {"image_size": SIDE, "layers": 4, "width": 112, "head_width": 28, "patch_size": 8},
    "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
PREPROCESS = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
EMPTY = ("an empty room", "a plain wall", "the floor", "clutter on the floor", "a box in the background")


@dataclass
class Regions:
    """A batch of regions.

    ``pixels`` (N, 3, 48, 48) uint8, the ``captions`` (T), which of them ``fits`` which region (N, T), and
    ``groups`` (N,): equal for views of the same thing.
    """

    pixels: Tensor
    captions: list[str]
    fits: Tensor
    groups: Tensor


def _region(
    rng: random.Random, image: Image.Image, frame: tuple[float, ...], zoom: float, drift: float
) -> Image.Image:
    side = max(10.0, zoom * max(frame[2] - frame[0], frame[3] - frame[1]))
    side = min(side, min(image.size))
    x = (frame[0] + frame[2]) / 2 + rng.uniform(-drift, drift) * side - side / 2
    y = (frame[1] + frame[3]) / 2 + rng.uniform(-drift, drift) * side - side / 2
    x, y = min(max(0.0, x), image.width - side), min(max(0.0, y), image.height - side)
    box = (round(x), round(y), round(x + side), round(y + side))
    return image.crop(box).resize((SIDE, SIDE), rng.choice((Image.Resampling.BICUBIC, Image.Resampling.BOX)))


def whole_captions(look: world.Look) -> list[str]:
    """All captions of a whole concept."""
    worn, emblem = f"with {article(look.worn)}", f"with {article(look.emblem)} emblem"
    parts = ("", f" {worn}", f" {emblem}", f" {worn} and {emblem}", f" {emblem} and {worn}")
    texts = [f"{article(body)}{part}" for body in (look.body, look.category) for part in parts]
    return texts + [f"a photo of {text}" for text in texts]


def emblem_captions(look: world.Look) -> list[str]:
    """All captions of an emblem; the last two fit any emblem."""
    glyph = article(look.emblem)
    return [f"{glyph} emblem", glyph, f"a badge with {glyph}", "an emblem", "a badge"]


def worn_captions(look: world.Look) -> list[str]:
    """All captions of an accessory; the last two fit any accessory."""
    worn = article(look.worn)
    return [
        worn,
        f"{worn} worn by {article(look.category)}",
        article(look.accessory),
        "an accessory",
        "something to wear",
    ]


def draw_regions(rng: random.Random, looks: int) -> Regions:
    """Views of ``looks`` concepts, many of them look-alikes of others, and of empty places."""
    cast: list[world.Look] = []
    while len(cast) < looks:
        look = world.draw_look(rng, "train")
        cast.append(look)
        if rng.random() < 0.6:
            cast.append(world.lookalike(look, rng, "train"))
    cast = cast[:looks]
    pixels, told, accepted, groups = [], set(), [], []
    ids: dict[object, int] = {}

    def put(image: Image.Image, captions: Sequence[str], key: object) -> None:
        pixels.append(np.asarray(image, dtype=np.uint8).transpose(2, 0, 1))
        told.add(rng.choice(captions))
        accepted.append(frozenset(captions))
        groups.append(ids.setdefault(key, len(ids)))

    for i, look in enumerate(cast):
        photo = scene.draw_photo(rng, look, 112)
        figure = photo.figures[0]
        put(
            _region(rng, photo.image, figure.subject, rng.uniform(0.85, 1.25), 0.06),
            whole_captions(look),
            look,
        )
        crowd = [cast[(i + j) % looks] for j in range(rng.choice((1, 2, 3)))]
        rng.shuffle(crowd)
        drawn = scene.draw_scene(rng, [Shown(one, None, rng.random() < 0.25) for one in crowd], 112)
        there = drawn.figures[crowd.index(look)]
        put(_region(rng, drawn.image, there.subject, rng.uniform(0.8, 1.2), 0.12), whole_captions(look), look)
        close = _region(rng, photo.image, figure.emblem, rng.uniform(1.0, 2.0), 0.12)
        put(close, emblem_captions(look), ("emblem", look.emblem))
        close = _region(rng, photo.image, figure.accessory, rng.uniform(1.0, 1.8), 0.12)
        put(close, worn_captions(look), ("worn", look.worn, look.category))
        if i % 4 == 0:
            room = scene.background(rng, 112, 112)
            spot = rng.uniform(0.2, 1.0) * 112
            at = (rng.uniform(0, 112 - spot), rng.uniform(0, 112 - spot))
            put(_region(rng, room, (*at, at[0] + spot, at[1] + spot), 1.0, 0.0), EMPTY, "empty")
    captions = sorted(told)
    fits = torch.tensor([[caption in some for caption in captions] for some in accepted])
    return Regions(torch.from_numpy(np.stack(pixels)), captions, fits, torch.tensor(groups))


def _pull(similarity: Tensor, same: Tensor) -> Tensor:
    """Cross-entropy towards all partners of a row (N, M), shared evenly; rows without one do not count."""
    target = same.float()
    rows = target.sum(1) > 0
    target = target[rows] / target[rows].sum(1, keepdim=True)
    return -(target * functional.log_softmax(similarity[rows], 1)).sum(1).mean()


def loss_of(model: Any, tokenizer: Any, batch: Regions) -> tuple[Tensor, dict[str, float]]:
    """Contrastive loss of regions and captions, both ways, plus regions and regions: what fits attracts."""
    device = model.logit_scale.device
    images = model.encode_image((batch.pixels.to(device).float() / 255 - 0.5) / 0.5, normalize=True)
    texts = model.encode_text(tokenizer(batch.captions).to(device), normalize=True)
    scale = model.logit_scale.exp()
    logits = scale * images @ texts.T
    hits = batch.fits.to(device)
    between = scale * images @ images.T
    me = torch.eye(len(images), dtype=torch.bool, device=device)
    groups = batch.groups.to(device)
    same = (groups[:, None] == groups[None]) & ~me
    between = between.masked_fill(me, -1e4)
    loss = 0.5 * (_pull(logits, hits) + _pull(logits.T, hits.T)) + _pull(between, same)
    nearest = same[torch.arange(len(images)), between.argmax(1)][same.any(1)].float().mean().item()
    told = hits[torch.arange(len(images)), logits.argmax(1)][hits.any(1)]
    return loss, {"caption": told.float().mean().item(), "same": nearest}


def train(
    out: Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    steps: int = 3000,
    seed: int = 0,
    workers: int = 1,
    lr: float = 1.5e-3,
    looks: int = 32,
    compiled: bool = True,
) -> Path:
    """Train and export to ``out/export`` in open_clip's folder format (fp16); resumable to the bit."""
    import open_clip

    torch.manual_seed(seed)
    where = torch.device(device)
    model = open_clip.CLIP(
        CONFIG["embed_dim"],
        open_clip.CLIPVisionCfg(**CONFIG["vision_cfg"]),
        open_clip.CLIPTextCfg(**CONFIG["text_cfg"]),
    ).to(where)
    tokenizer = open_clip.SimpleTokenizer(context_length=CONFIG["text_cfg"]["context_length"])
    optimizer = loop.make_optimizer(model.parameters(), lr)
    progress = loop.load_state(out, model, optimizer) if resume else {}
    first, history, began = int(progress.get("step", 0)), list(progress.get("history", [])), time.monotonic()
    stream, meter = (
        loop.batches(lambda rng, _: draw_regions(rng, looks), seed + 2, first, workers),
        loop.Meter(50),
    )
    if compiled:
        for block in model.visual.transformer.resblocks:
            block.compile()
    model.train()
    for step in range(first, steps):
        with meter.waiting():
            batch = next(stream)
        for group in optimizer.param_groups:
            group["lr"] = loop.rate(lr, step, step / steps)
        loss, scores = loss_of(model, tokenizer, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, 4.0)
        for name, value in {"loss": loss.item(), **scores}.items():
            meter.add(name, value)
        if (step + 1) % meter.every == 0:
            means = meter.report()
            minutes = (time.monotonic() - began) / 60
            history.append({"step": step + 1, "minutes": minutes, **means})
            loop.say("clip", step + 1, means)
        if (step + 1) % 250 == 0 or step + 1 == steps:
            loop.save_state(out, model, optimizer, {"step": step + 1, "history": history})
    return export(out, model)


def export(out: Path, model: Any) -> Path:
    """Write config and weights (fp16) in open_clip's format to ``out/export``, and the cohort beside."""
    from safetensors.torch import save_file

    folder = out / "export"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().cpu().half().contiguous().clone() for k, v in model.state_dict().items()}
    save_file(tensors, folder / "open_clip_model.safetensors")
    config = {"model_cfg": CONFIG, "preprocess_cfg": PREPROCESS}
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=1) + "\n")
    write_bank(folder, model, SIDE)
    return folder
