"""Pictures show what their truth says."""

from __future__ import annotations

import random

import numpy as np
import pytest

from jarvis_pocket import scene, world
from jarvis_pocket.draw import BODY_RGB, Pose, sprite
from jarvis_pocket.glyphs import glyph_points
from jarvis_pocket.telling import Shown


def look(**changes: str) -> world.Look:
    base = {
        "category": "robot",
        "colour": "green",
        "pattern": "plain",
        "glyph": "cross",
        "glyph_colour": "red",
        "accessory": "hat",
        "accessory_colour": "blue",
    }
    return world.Look(**(base | changes))


@pytest.mark.parametrize("category", world.CATEGORIES)
@pytest.mark.parametrize("mirrored", [False, True])
def test_emblem_and_accessory_lie_where_their_boxes_say(category: str, mirrored: bool) -> None:
    image, emblem, accessory = sprite(look(category=category), Pose(mirrored), 200)
    pixels = np.asarray(image.convert("RGB"))
    x, y = round(100 * (emblem[0] + emblem[2])), round(100 * (emblem[1] + emblem[3]))
    assert tuple(pixels[y, x]) == BODY_RGB["red"]
    left, top, right, bottom = (round(200 * v) for v in accessory)
    inside = (pixels == BODY_RGB["blue"]).all(-1)
    assert inside[max(0, top) : bottom, left:right].sum() == inside.sum() > 100


@pytest.mark.parametrize("category", world.CATEGORIES)
def test_silhouettes_differ_clearly(category: str) -> None:
    def mask(kind: str) -> np.ndarray:
        return np.asarray(sprite(look(category=kind), Pose(), 96)[0])[..., 3] > 0

    mine = mask(category)
    for other in set(world.CATEGORIES) - {category}:
        theirs = mask(other)
        assert (mine & theirs).sum() / (mine | theirs).sum() < 0.75, other


def test_a_hidden_emblem_is_not_to_be_seen() -> None:
    shown = np.asarray(sprite(look(), Pose(), 200)[0].convert("RGB"))
    hidden = np.asarray(sprite(look(), Pose(hidden=True), 200)[0].convert("RGB"))
    assert (shown == BODY_RGB["red"]).all(-1).sum() > 500
    assert (hidden == BODY_RGB["red"]).all(-1).sum() == 0


def test_a_photo_keeps_its_colour_at_the_emblem_in_any_pose() -> None:
    for seed in range(40):
        picture = scene.draw_photo(random.Random(seed), look(), 256)
        (figure,) = picture.figures
        x, y = (figure.emblem[0] + figure.emblem[2]) / 2, (figure.emblem[1] + figure.emblem[3]) / 2
        red, green, blue = picture.image.getpixel((round(x), round(y)))  # type: ignore[misc]
        assert red > 130
        assert red > 1.8 * max(green, blue)


def test_a_scene_stands_in_the_given_order() -> None:
    shown = [
        Shown(look(colour=colour, category=category), None)
        for colour, category in (("red", "cat"), ("blue", "mug"), ("yellow", "fish"))
    ]
    picture = scene.draw_scene(random.Random(1), shown)
    assert picture.image.size == (384, 192)
    lefts = [figure.subject[0] for figure in picture.figures]
    assert lefts == sorted(lefts)
    for figure, one in zip(picture.figures, shown, strict=True):
        left, _, right, _ = (max(0, round(v)) for v in figure.subject)
        part = np.asarray(picture.image)[:, left:right].reshape(-1, 3).astype(float)
        near = np.abs(part - np.array(BODY_RGB[one.look.colour]) * 0.95).max(1) < 45
        assert near.sum() > 400


def test_a_mask_is_the_pixels_of_its_figure() -> None:
    # Two figures that differ in colour alone, in the same room: what differs is the figure, and no more.
    for seed in range(6):
        one, other = (
            scene.draw_photo(random.Random(seed), look(colour=colour)) for colour in ("green", "purple")
        )
        mask = np.asarray(one.figures[0].mask)
        assert mask.shape == (256, 256)
        assert (mask == np.asarray(other.figures[0].mask)).all()
        differs = (np.asarray(one.image) != np.asarray(other.image)).any(2)
        assert not differs[mask == 0].any()
        assert differs.sum() > 0.3 * (mask > 0).sum()
    shown = [Shown(look(), None), Shown(look(colour="red"), None)]
    left, right = (
        np.asarray(figure.mask) > 0 for figure in scene.draw_scene(random.Random(1), shown).figures
    )
    assert left.shape == (192, 384)
    assert np.flatnonzero(left.any(0)).mean() < 192 < np.flatnonzero(right.any(0)).mean()


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 3"):
        scene.draw_scene(random.Random(0), [])
    with pytest.raises(ValueError, match="glyph"):
        glyph_points("dragon")
