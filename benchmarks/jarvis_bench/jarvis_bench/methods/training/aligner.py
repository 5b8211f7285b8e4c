"""A small network from vectors of a reference photo to soft tokens."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from PIL import Image
from torch.nn import functional

from jarvis_memory.kv import Inputs
from jarvis_pocket import ask
from jarvis_pocket.scene import draw_photo
from jarvis_pocket.world import (
    ACCESSORIES,
    ACCESSORY_COLOURS,
    CATEGORIES,
    COLOURS,
    GLYPH_COLOURS,
    GLYPHS,
    PATTERNS,
    Look,
    PocketConcept,
    draw_concepts,
)

from .classroom import lesson_of
from .fit import Schedule, fit
from .heads import views_of
from .lesson import Lesson
from .pupil import Exercise, Pupil
from .soft import soft_rows, word_scale

if TYPE_CHECKING:
    from ..models import Models

__all__ = ["Aligner", "Aligning", "photo_views", "train_aligner"]

VIEWS: Final = 10  # the whole photo, and nine windows of half its side
_WIDTH: Final = 256
_PARTS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("category", CATEGORIES),
    ("colour", COLOURS),
    ("pattern", PATTERNS),
    ("accessory", ACCESSORIES),
    ("accessory_colour", ACCESSORY_COLOURS),
    ("glyph", GLYPHS),
    ("glyph_colour", GLYPH_COLOURS),
)
_SIDE: Final = 96


@dataclass(frozen=True, slots=True)
class Aligning:
    """How an aligner is trained.

    Attributes:
        tokens: soft tokens that it makes.
        photos: drawn ones that it learns from.
        epochs: over them, to tell attributes.
        schedule: steps against the frozen model, and the rate.
        lessons: in each of these steps.
        seed: of everything.
    """

    tokens: int
    photos: int
    epochs: int
    schedule: Schedule
    lessons: int = 32
    seed: int = 0


class Aligner(torch.nn.Module):
    """Encoder vectors of views of a photo (VIEWS * dim,) to soft tokens (tokens, hidden).

    Between them it tells the attributes of Pocket World (its first training), and passes on how likely each
    of them is, beside what it saw.
    """

    def __init__(self, dim: int, tokens: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.tokens, self.hidden = tokens, hidden
        values = sum(len(some) for _, some in _PARTS)
        self.trunk = torch.nn.Linear(VIEWS * dim, _WIDTH)
        self.told = torch.nn.Linear(_WIDTH, values)
        self.out = torch.nn.Linear(_WIDTH + values, tokens * hidden)
        torch.nn.init.normal_(self.out.weight, std=0.1)
        torch.nn.init.normal_(self.out.bias)
        self.register_buffer("scale", torch.tensor(scale))

    def seen(self, views: torch.Tensor) -> torch.Tensor:
        """(n, width) of views (n, VIEWS * dim)."""
        # Unit vectors of many numbers are small numbers.
        return functional.gelu(self.trunk(views * (views.shape[-1] / VIEWS) ** 0.5))

    def logits(self, views: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """For each attribute (n, values)."""
        told = self.told(self.seen(views))
        return torch.split(told, [len(some) for _, some in _PARTS], dim=-1)

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """(tokens, hidden) of the views (n, VIEWS * dim) of n photos of one concept: their mean."""
        seen = self.seen(views)
        parts = self.told(seen).split([len(some) for _, some in _PARTS], dim=-1)
        likely = torch.cat([part.softmax(-1) for part in parts], dim=-1)
        made = self.out(torch.cat([likely, 0.1 * seen], dim=-1)).mean(0)
        vectors: torch.Tensor = made.reshape(self.tokens, self.hidden) * self.scale
        return vectors


def photo_views(models: Models, photos: Sequence[Image.Image]) -> torch.Tensor:
    """(photos, VIEWS * dim) vectors of each photo, as a square, and of its windows."""
    side = models.tuning.retriever.side
    squares = [photo.resize((2 * side, 2 * side), Image.Resampling.BOX) for photo in photos]
    rows = views_of(models.encoder, squares, side, scales=(1.0, 0.5), overlap=0.5, mirrored=False)
    return torch.from_numpy(rows).reshape(len(photos), -1)


def train_aligner(models: Models, aligning: Aligning) -> tuple[Aligner, tuple[float, ...]]:
    """An aligner, and the loss of each step against the frozen model.

    First it learns to tell what is drawn; then, through the frozen model, to put that into tokens from which
    the model answers questions about looks.
    """
    network, node = models.network.requires_grad_(False), models.vlm
    rng = random.Random(f"aligner/{aligning.seed}")
    concepts = [draw_concepts(rng, 1, "train")[0] for _ in range(aligning.photos)]
    views = photo_views(models, [draw_photo(rng, one.look, _SIDE).image for one in concepts])
    with torch.random.fork_rng():
        torch.manual_seed(aligning.seed)
        made = Aligner(
            models.encoder.dim,
            aligning.tokens,
            network.get_input_embeddings().weight.shape[-1],
            word_scale(network),
        )
        _learn_attributes(made, views, [one.look for one in concepts], aligning.epochs)
    made.to(node.device)
    views = views.to(node.device)
    pupil, plain = Pupil(network, node, frozen=True), models.voice.name != "pocket"

    def draw(step: int) -> list[Exercise]:
        drawn = random.Random(f"aligner/{aligning.seed}/{step}")
        return [_exercise(pupil, drawn, concepts, plain=plain) for _ in range(aligning.lessons)]

    def rows(key: str) -> Inputs:
        place = int(key)
        return soft_rows(node, concepts[place].name, made(views[place : place + 1]))

    losses = fit(pupil, made.parameters(), draw, rows, aligning.schedule)
    return made.requires_grad_(False), losses


def _learn_attributes(made: Aligner, views: torch.Tensor, looks: Sequence[Look], epochs: int) -> None:
    """Cross-entropy of all attributes."""
    right = [torch.tensor([values.index(getattr(look, part)) for look in looks]) for part, values in _PARTS]
    optimizer = torch.optim.AdamW(
        [*made.trunk.parameters(), *made.told.parameters()], 2e-3, weight_decay=0.05
    )
    for _ in range(epochs):
        for some in torch.randperm(len(views)).split(64):
            logits = made.logits(views[some])
            loss = sum(
                (
                    functional.cross_entropy(one, truth[some])
                    for one, truth in zip(logits, right, strict=True)
                ),
                torch.zeros(()),
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _exercise(
    pupil: Pupil, rng: random.Random, concepts: Sequence[PocketConcept], *, plain: bool
) -> Exercise:
    """A question about how somebody looks, half of the time with another one shown beside."""
    place = rng.randrange(len(concepts))
    part: ask.Part = rng.choice(("emblem", "emblem", "worn", "body"))
    question, answer = lesson_of(ask.ask_detail(rng, concepts[place], part), plain=plain)
    shown = [str(place)]
    other = rng.randrange(len(concepts))
    if rng.random() < 0.5 and concepts[other].name != concepts[place].name:
        shown.append(str(other))
        rng.shuffle(shown)
    return pupil.exercise(Lesson(tuple(shown), question, answer))
