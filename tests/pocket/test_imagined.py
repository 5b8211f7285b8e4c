"""Pictures in words hold what the picture would show, where it would show it."""

from __future__ import annotations

import random

import pytest

from jarvis_pocket import world
from jarvis_pocket.telling import Shown
from jarvis_pocket.train import imagined


def words(look: world.Look) -> set[str]:
    return {look.colour, look.category, *([] if look.pattern == "plain" else [look.pattern])}


@pytest.mark.parametrize("seed", range(30))
def test_patches_tell_the_whole_look_and_nothing_else(seed: int) -> None:
    rng = random.Random(seed)
    look = world.draw_look(rng, "train")
    patches = [set(cells) for cells in imagined.patches(rng, look)]
    assert patches[0] == words(look)
    assert {look.glyph_colour, look.glyph} in patches
    assert {look.accessory_colour, look.accessory} in patches
    assert len(patches) in (3, 4)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("hidden", [False, True])
def test_a_scene_has_each_figure_in_its_own_columns(count: int, hidden: bool) -> None:
    rows, columns = (4, 4) if count == 1 else (4, 8)
    for seed in range(30):
        rng = random.Random(seed)
        shown = [Shown(world.draw_look(rng, "train"), None, hidden) for _ in range(count)]
        cells = imagined.scene(rng, shown, rows, columns)
        assert len(cells) == rows * columns
        for i, (look, _, _) in enumerate(shown):
            mine = range(i * columns // count, (i + 1) * columns // count)
            place = imagined.place_word(i, count)
            top = {cells[column] for column in mine}
            below = {cells[row * columns + column] for row in range(1, rows) for column in mine}
            emblem = set() if hidden else {look.glyph_colour, look.glyph}
            assert top == {look.accessory_colour, look.accessory}
            assert below == words(look) | ({place} if place in imagined.SIDES else set()) | emblem
