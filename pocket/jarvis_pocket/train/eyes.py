"""The stage between reading and pictures: the vision tower learns to speak the language model's words.

An image token is trained to lie near the sum of the embeddings of the words that name what it shows ("red" +
"star"), and to be as long as an embedding. Heads that copy words from the context then copy from pictures
too. A tower with free outputs grows tokens hundreds of times longer than a word: they drown the name that
layer 0 writes beside them, and nothing is learned. Reading small glyphs through the language model's loss
alone is slow; told directly, it takes minutes.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from jarvis_pocket import scene, world
from jarvis_pocket.telling import Shown
from jarvis_pocket.train.batch import see
from jarvis_pocket.train.data import PHOTO_SIDE, SCENE_SIZES, crop, shrink
from jarvis_pocket.train.imagined import place_word

TARGETS: dict[str, tuple[str, ...]] = {
    "category": world.CATEGORIES,
    "colour": world.COLOURS,
    "pattern": world.PATTERNS,
    "glyph": world.GLYPHS,
    "glyph_colour": world.GLYPH_COLOURS,
    "accessory": world.ACCESSORIES,
    "accessory_colour": world.ACCESSORY_COLOURS,
    "place": ("middle", "left", "right"),
}
WHOLE = ("category", "colour", "pattern", "accessory", "accessory_colour")
EMBLEM = ("glyph", "glyph_colour")
WORN = ("accessory", "accessory_colour")
Views = dict[str, tuple[Tensor, Tensor, Tensor]]


def _row(look: world.Look, seen: tuple[str, ...], place: str | None = None) -> list[int]:
    said = {key: getattr(look, key) for key in seen} | ({"place": place} if place else {})
    return [values.index(said[key]) if key in said else -100 for key, values in TARGETS.items()]


def _cells(frame: tuple[float, ...], size: tuple[int, int], scale: float) -> list[float]:
    """How much of each 16-pixel cell of a picture lies in a frame, row by row, in pixels."""
    left, top, right, bottom = (edge * scale for edge in frame)
    return [
        max(0.0, min(right, x + 16) - max(left, x)) * max(0.0, min(bottom, y + 16) - max(top, y))
        for y in range(0, size[1], 16)
        for x in range(0, size[0], 16)
    ]


def _parts(
    look: world.Look, figure: scene.Figure, size: tuple[int, int], scale: float, place: str | None
) -> tuple[list[list[int]], list[list[float]]]:
    """Body, emblem and accessory of a figure: what each says, and in which cells, as shares."""
    emblem, worn = (_cells(frame, size, scale) for frame in (figure.emblem, figure.accessory))
    body = [
        max(0.02 * whole, whole - covered - on)
        for whole, covered, on in zip(_cells(figure.subject, size, scale), emblem, worn, strict=True)
    ]
    said = (("category", "colour", "pattern"), () if figure.hidden else EMBLEM, WORN)
    rows = [_row(look, seen, place) for seen in said]
    return rows, [[cell / max(1e-9, sum(cells)) for cell in cells] for cells in (body, emblem, worn)]


def draw_views(rng: random.Random, count: int) -> Views:
    """Per kind: pixels (N, 3, H, W), targets (N, figures, 8; -100: unseen), cells (N, figures, tokens)."""
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
        put("whole", crop(rng, photo, figure.subject, rng.uniform(0.9, 1.2)), [_row(look, WHOLE)], even)
        put("emblem", crop(rng, photo, figure.emblem, rng.uniform(1.05, 2.2)), [_row(look, EMBLEM)], even)
        put("worn", crop(rng, photo, figure.accessory, rng.uniform(1.0, 1.8)), [_row(look, WORN)], even)
        rows, cells = _parts(look, figure, (PHOTO_SIDE, PHOTO_SIDE), PHOTO_SIDE / 112, None)
        put("photo", shrink(rng, photo.image, (PHOTO_SIDE, PHOTO_SIDE)), rows, cells)
        people = rng.choice((2, 3))
        shown = [Shown(world.draw_look(rng, "train"), None, rng.random() < 0.25) for _ in range(people)]
        drawn = scene.draw_scene(rng, shown, 128)
        size = SCENE_SIZES[people]
        rows, cells = [], []
        for i, (other, at) in enumerate(zip(shown, drawn.figures, strict=True)):
            place = place_word(i, people)
            some, where = _parts(other.look, at, size, size[0] / drawn.image.width, place)
            rows += some
            cells += where
        put(f"scene{people}", shrink(rng, drawn.image, size), rows, cells)
    return {
        kind: (torch.from_numpy(np.stack(p)), torch.tensor(t), torch.tensor(w, dtype=torch.float32))
        for kind, (p, t, w) in out.items()
    }


# Nobody says these: they are what is left when no other value of their target is near.
SILENT = ("plain", "middle")
# What a view says in plain words; its other parts are read through a map that is thrown away afterwards, as
# one small picture cannot hold "red" for a body and "blue" for a hat in the same place. Larger ones can: each
# part speaks in its own cells, and says where it stands.
PLAIN = {"emblem": EMBLEM, "worn": WORN, "photo": tuple(TARGETS), "scene": tuple(TARGETS)}
BODY = ("category", "colour", "pattern", "place")


class Heads(nn.Module):
    """Reads the attributes of a view off its tokens: cosines with the embeddings of the words.

    Args:
        embedding: the language model's word embeddings (V, width); they do not change here.
        tokenizer: its tokenizer; of a value of several tokens the first stands for it.
    """

    def __init__(self, embedding: Tensor, tokenizer: Any) -> None:
        super().__init__()
        width = embedding.shape[1]
        self.vocabulary = functional.normalize(embedding.detach().clone(), dim=-1)
        self.ids: dict[str, Tensor] = {}
        self.length = embedding.detach().pow(2).mean().sqrt().item()
        self.words: dict[str, Tensor] = {}
        for key, values in TARGETS.items():
            ids = [tokenizer(f" {value}")["input_ids"] for value in values if value not in SILENT]
            self.ids[key] = torch.tensor([i[0] for i in ids])
            self.words[key] = functional.normalize(embedding[[i[0] for i in ids]].detach().clone(), dim=-1)
        self.maps = nn.ModuleDict(
            {
                f"{kind}_{part}": nn.Linear(width, width, bias=False)
                for kind in ("whole",)
                for part in ("emblem", "worn")
            }
        )

    def _read(self, pooled: Tensor, kind: str, key: str) -> Tensor:
        if key not in PLAIN.get(kind, BODY):
            pooled = self.maps[f"{kind}_{'emblem' if key in EMBLEM else 'worn'}"](pooled)
        logits = 15 * functional.normalize(pooled, dim=-1) @ self.words[key].to(pooled.device).T
        if TARGETS[key][0] in SILENT:
            logits = torch.cat([torch.full_like(logits[..., :1], 4.0), logits], -1)
        return logits

    def _only(self, pooled: Tensor, key: str, goal: Tensor) -> Tensor:
        """Cross-entropy of the word that is there against the whole vocabulary: a token says nothing else."""
        shift = int(TARGETS[key][0] in SILENT)
        said = goal >= shift
        if not said.any():
            return pooled.sum() * 0.0
        logits = 15 * functional.normalize(pooled[said], dim=-1) @ self.vocabulary.to(pooled.device).T
        target = self.ids[key].to(pooled.device)[goal[said] - shift]
        return 0.5 * functional.cross_entropy(logits, target)

    def forward(self, tower: Any, views: Views) -> tuple[Tensor, dict[str, tuple[float, int]]]:
        """The loss, and per view and target the share that is right and how many there were."""
        losses, scores = [], {}
        for name, (pixels, targets, cells) in views.items():
            kind = name.rstrip("23")
            tokens = see(tower, pixels.to(next(self.parameters()).device))
            pooled = cells.to(tokens.device) @ tokens
            size = tokens.pow(2).mean(-1).sqrt()
            losses.append(0.1 * (size / self.length).log().pow(2).mean())
            for index, key in enumerate(TARGETS):
                goal = targets[..., index].to(tokens.device)
                judged = goal >= 0
                if judged.any():
                    logits = self._read(pooled[judged], kind, key)
                    losses.append(functional.cross_entropy(logits, goal[judged]))
                    if key in PLAIN.get(kind, BODY):
                        losses.append(self._only(pooled[judged], key, goal[judged]))
                    right = (logits.argmax(-1) == goal[judged]).float().mean().item()
                    scores[f"{kind} {key}"] = (right, int(judged.sum()))
        return torch.stack(losses).mean(), scores


@torch.no_grad()
def rescale(tower: Any, length: float, views: Views) -> None:
    """Scale the tower's last layer so that its tokens are as long as words (``length``, root mean square)."""
    last = tower.merger.mlp[-1]
    sizes = [see(tower, pixels.to(last.weight.device)).pow(2).mean() for pixels, _, _ in views.values()]
    factor = length / torch.stack(sizes).mean().sqrt()
    last.weight.mul_(factor)
    last.bias.mul_(factor)
