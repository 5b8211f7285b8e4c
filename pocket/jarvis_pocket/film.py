"""Clips of Pocket World: figures walk into a room and out of it, meet, and hide behind boards.

A clip is a few acts. In an act one to three figures stand in their places. After it those who are not in the
next one walk out over the nearest edge, and only then the others walk to their new places and those who are
new walk in: nobody is to be seen together with somebody of another act. A board stands before whoever hides
in an act: nothing of them is to be seen.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from jarvis_pocket.draw import Pose
from jarvis_pocket.scene import background, draw_light, lit, outline, place_figure
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import Look

__all__ = ["RATE", "Actor", "Shot", "draw_film"]

RATE = 8
"""Frames in a second."""

_HEIGHT = 192
_STAY, _WALK = 10, 5  # frames of an act; steps of a walk
_BOARDS = ((168, 140, 112), (140, 150, 140), (150, 140, 160))
_BOB = 2  # pixels


@dataclass(frozen=True)
class Actor:
    """Somebody in an act, and whether behind a board."""

    shown: Shown
    behind: bool = False


@dataclass(frozen=True)
class Shot:
    """A frame: an RGB picture of 384 x 192, and the number of its act; None while they walk."""

    image: Image.Image
    act: int | None


@dataclass(frozen=True)
class _Place:
    """Where a figure is: its centre and side in pixels, and whether a board stands before it."""

    x: float
    y: float
    side: float
    behind: bool


def draw_film(rng: random.Random, acts: Sequence[Sequence[Actor]]) -> list[Shot]:
    """The frames of a clip; in each act the actors stand from left to right.

    Raises:
        ValueError: an act without anybody, with more than three, or with one of them twice.
    """
    for act in acts:
        if not 1 <= len({actor.shown.look for actor in act}) == len(act) <= 3:
            raise ValueError(f"an act has 1 to 3 different actors: got {len(act)}")
    stage = _Stage(rng, {actor.shown.look: actor.shown.hidden for act in acts for actor in act})
    places = [stage.places(act) for act in acts]
    shots: list[Shot] = []
    for number, here in enumerate(places):
        if number:
            walks = _walks(places[number - 1], here)
            shots += [Shot(stage.drawn(walk, len(shots) + n), None) for n, walk in enumerate(walks)]
        shots += [Shot(stage.drawn(here, len(shots) + n), number) for n in range(_STAY)]
    return shots


class _Stage:
    """A room with its light, and how everybody in a clip stands.

    Args:
        rng: decides on all of it.
        looks: everybody, and whether a cushion covers the emblem.
    """

    width = 2 * _HEIGHT

    def __init__(self, rng: random.Random, looks: Mapping[Look, bool]) -> None:
        self._rng, self._room, self._light = rng, background(rng, self.width, _HEIGHT), draw_light(rng)
        self._board = rng.choice(_BOARDS)
        self._poses = {look: Pose.draw(rng, hidden) for look, hidden in looks.items()}

    def places(self, act: Sequence[Actor]) -> dict[Look, _Place]:
        """Where the actors of an act stand."""
        slot = self.width / max(2, len(act))
        found = {}
        for number, actor in enumerate(act):
            # As large as in a scene (`jarvis_pocket.scene.draw_scene`).
            side = min(slot, _HEIGHT) * self._rng.uniform(0.84, 0.94) * (1.12 if len(act) == 3 else 1.0)
            side = min(side, _HEIGHT * 0.96)
            x = self.width * (number + 0.5) / len(act) + self._rng.uniform(-0.03, 0.03) * slot
            y = _HEIGHT / 2 + self._rng.uniform(-0.3, 0.3) * (_HEIGHT - side)
            found[actor.shown.look] = _Place(x, y, side, actor.behind)
        return found

    def drawn(self, places: Mapping[Look, _Place], frame: int) -> Image.Image:
        """A frame; everybody bobs a little, boards stand before all."""
        image = self._room.copy()
        for look, place in places.items():
            bob = _BOB * math.sin(2 * math.pi * frame / RATE + place.side)
            place_figure(image, look, self._poses[look], (place.x, place.y + bob), place.side)
        pen = ImageDraw.Draw(image)
        for place in places.values():
            if place.behind:
                half = 0.56 * place.side
                pen.rectangle((place.x - half, 0, place.x + half, _HEIGHT), fill=self._board)
        image = lit(image, self._light)
        outline(image)
        return image


def _walks(before: Mapping[Look, _Place], here: Mapping[Look, _Place]) -> list[dict[Look, _Place]]:
    """Where everybody is from one act to the next, frame by frame."""
    parts = [step / _WALK for step in range(1, _WALK)]
    stay = {look: place for look, place in before.items() if look in here}
    # Whoever hides and goes is not seen going.
    gone = {look: place for look, place in before.items() if look not in here and not place.behind}
    out = [{**stay, **{k: _between(p, _outside(p), part) for k, p in gone.items()}} for part in parts]
    into = [{k: _between(before.get(k, _outside(p)), p, part) for k, p in here.items()} for part in parts]
    return [*(out if gone else ()), *into]


def _between(one: _Place, other: _Place, part: float) -> _Place:
    """On the way; boards are there only while somebody stands."""
    x, y, side = (
        (1 - part) * start + part * end
        for start, end in ((one.x, other.x), (one.y, other.y), (one.side, other.side))
    )
    return _Place(x, y, side, False)


def _outside(place: _Place) -> _Place:
    """Beyond the nearer edge."""
    beyond = -0.6 * place.side if place.x < _Stage.width / 2 else _Stage.width + 0.6 * place.side
    return _Place(beyond, place.y, place.side, False)
