"""Pictures in words: what each cell of a picture would show, as one word.

A model learns from these, at the price of text, where to look: at the cells behind a name, in the columns of
a figure. The vision tower is trained apart to put the same words into its tokens; then pixels take over.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from jarvis_pocket.telling import PLACES_IN_SCENE, Shown
from jarvis_pocket.world import Look

SIDES = ("left", "right")


def _body(look: Look) -> list[str]:
    return [look.colour, look.category, *([] if look.pattern == "plain" else [look.pattern])]


def _fill(rng: random.Random, words: Sequence[str], cells: int) -> list[str]:
    """Every word at least once if there is room, the rest at random, shuffled."""
    filled = [*words, *(rng.choice(words) for _ in range(cells - len(words)))][:cells]
    rng.shuffle(filled)
    return filled


def patches(rng: random.Random, look: Look) -> list[list[str]]:
    """The patches of a concept, four cells each: the whole first, then emblem and accessory."""
    details = [[look.glyph_colour, look.glyph], [look.accessory_colour, look.accessory]]
    rng.shuffle(details)
    whole = [_body(look) for _ in range(rng.randint(1, 2))]
    return [_fill(rng, words, 4) for words in (*whole, *details)]


def scene(rng: random.Random, shown: Sequence[Shown], rows: int, columns: int) -> list[str]:
    """A scene, row by row: each figure in its columns, what it wears on top, the rest and its place below."""
    cells = [[""] * columns for _ in range(rows)]
    for i, (look, _, hidden) in enumerate(shown):
        mine = range(i * columns // len(shown), (i + 1) * columns // len(shown))
        for column, word in zip(
            mine, _fill(rng, [look.accessory_colour, look.accessory], len(mine)), strict=True
        ):
            cells[0][column] = word
        place = place_word(i, len(shown))
        if not hidden:
            emblem = _fill(rng, [look.glyph_colour, look.glyph], len(mine))
            for column, word in zip(mine, emblem, strict=True):
                cells[-1][column] = word
        free = [(row, column) for row in range(1, rows) for column in mine if not cells[row][column]]
        words = [*_body(look), *([place] if place in SIDES else [])]
        for (row, column), word in zip(free, _fill(rng, words, len(free)), strict=True):
            cells[row][column] = word
    return [word for row in cells for word in row]


def place_word(index: int, count: int) -> str:
    """``left``, ``middle`` or ``right``, as questions call the places of a scene."""
    return PLACES_IN_SCENE[count][index].split()[-1]
