"""First stage of the VLM: its vision tower learns to name what is in a picture, with throw-away linear heads.

Reading small glyphs through the language model's loss is slow; told directly, the tower learns it in minutes.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from jarvis_pocket import scene, world
from jarvis_pocket.train.batch import see
from jarvis_pocket.train.data import PHOTO_SIDE, SCENE_SIZES, crop, shrink

TARGETS: dict[str, tuple[str, ...]] = {
    "category": world.CATEGORIES,
    "colour": world.COLOURS,
    "pattern": world.PATTERNS,
    "glyph": world.GLYPHS,
    "glyph_colour": world.GLYPH_COLOURS,
    "accessory": world.ACCESSORIES,
    "accessory_colour": world.ACCESSORY_COLOURS,
}
WHOLE = ("category", "colour", "pattern", "accessory", "accessory_colour")
EMBLEM = ("glyph", "glyph_colour")
WORN = ("accessory", "accessory_colour")
Views = dict[str, tuple[Tensor, Tensor, Tensor]]


def _row(look: world.Look, seen: tuple[str, ...]) -> list[int]:
    return [values.index(getattr(look, key)) if key in seen else -100 for key, values in TARGETS.items()]


def draw_views(rng: random.Random, count: int) -> Views:
    """Per kind: pixels (N, 3, H, W), targets (N, figures, 7; -100: unseen), cells (N, figures, tokens)."""
    out: dict[str, tuple[list[Any], list[Any], list[Any]]] = {}

    def put(kind: str, image: Any, rows: list[list[int]], cells: list[list[float]]) -> None:
        pixels, targets, weights = out.setdefault(kind, ([], [], []))
        pixels.append(np.asarray(image, dtype=np.uint8).transpose(2, 0, 1))
        targets.append(rows)
        weights.append(cells)

    for _ in range(count):
        look = world.draw_look(rng, "train")
        photo = scene.draw_photo(rng, look, 112)
        figure = photo.figures[0]
        even = [[0.25] * 4]
        put("patch", crop(rng, photo, figure.subject, rng.uniform(0.9, 1.2)), [_row(look, WHOLE)], even)
        put("patch", crop(rng, photo, figure.emblem, rng.uniform(1.05, 2.2)), [_row(look, EMBLEM)], even)
        put("patch", crop(rng, photo, figure.accessory, rng.uniform(1.0, 1.8)), [_row(look, WORN)], even)
        put(
            "photo",
            shrink(rng, photo.image, (PHOTO_SIDE, PHOTO_SIDE)),
            [_row(look, WHOLE + EMBLEM)],
            [[1 / 16] * 16],
        )
        people = rng.choice((2, 3))
        looks = [world.draw_look(rng, "train") for _ in range(people)]
        drawn = scene.draw_scene(rng, looks, 96)
        width, height = SCENE_SIZES[people]
        rows, cells = [], []
        for other, at in zip(looks, drawn.figures, strict=True):
            left, right = at.subject[0] / 2, at.subject[2] / 2
            weights = [max(0.0, min(right, 16 * c + 16) - max(left, 16 * c)) for c in range(width // 16)]
            total = sum(weights) * (height // 16)
            cells.append([w / total for _ in range(height // 16) for w in weights])
            rows.append(_row(other, WHOLE if at.hidden else WHOLE + EMBLEM))
        put(f"scene{people}", shrink(rng, drawn.image, SCENE_SIZES[people]), rows, cells)
    return {
        kind: (torch.from_numpy(np.stack(p)), torch.tensor(t), torch.tensor(w, dtype=torch.float32))
        for kind, (p, t, w) in out.items()
    }


class Heads(nn.Module):
    """One linear head per target and kind of view, thrown away after this stage."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleDict(
            {
                f"{kind}_{key}": nn.Linear(width, len(values))
                for kind in ("patch", "photo", "scene")
                for key, values in TARGETS.items()
            }
        )

    def forward(self, tower: Any, views: Views) -> tuple[Tensor, dict[str, tuple[float, int]]]:
        """The loss, and per view and target the share that is right and how many there were."""
        losses, scores = [], {}
        for kind, (pixels, targets, cells) in views.items():
            tokens = see(tower, pixels.to(next(self.parameters()).device))
            pooled = self.norm(cells.to(tokens.device) @ tokens)
            for index, key in enumerate(TARGETS):
                goal = targets[..., index].to(tokens.device)
                judged = goal >= 0
                if judged.any():
                    logits = self.heads[f"{kind.rstrip('23')}_{key}"](pooled[judged])
                    losses.append(functional.cross_entropy(logits, goal[judged]))
                    right = (logits.argmax(-1) == goal[judged]).float().mean().item()
                    scores[f"{kind.rstrip('23')} {key}"] = (right, int(judged.sum()))
        return torch.stack(losses).mean(), scores
