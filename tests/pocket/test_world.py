"""What exists, and the wall between training and held-out draws."""

from __future__ import annotations

import random
from dataclasses import fields
from itertools import pairwise

import pytest

from jarvis_pocket import world
from jarvis_pocket.cast import draw_cast


@pytest.mark.parametrize("seed", [0, 7])
def test_no_heldout_name_or_look_is_ever_drawn_for_training(seed: int) -> None:
    rng = random.Random(seed)
    train = [world.draw_concepts(rng, 4, "train", seed) for _ in range(150)]
    held = [world.draw_concepts(rng, 4, "heldout", seed) for _ in range(150)]

    def names(groups: list[list[world.PocketConcept]]) -> set[str]:
        return {c.name for group in groups for c in group}

    def looks(groups: list[list[world.PocketConcept]]) -> set[tuple[str, ...]]:
        return {
            (c.look.category, c.look.colour, c.look.glyph, c.look.glyph_colour)
            for group in groups
            for c in group
        }

    assert len(names(train)) > 300
    assert len(names(held)) > 100
    assert not names(train) & names(held)
    assert not looks(train) & looks(held)


def test_the_split_depends_on_the_seed_and_on_nothing_else() -> None:
    names = [world.draw_name(random.Random(i), "train") for i in range(300)]
    assert all(world.name_split(name) == "train" for name in names)
    assert {world.name_split(name, seed=1) for name in names} == {"train", "heldout"}


def test_a_split_holds_one_in_five() -> None:
    rng = random.Random(3)
    names = {"".join(rng.choice(world.SYLLABLES) for _ in range(3)).capitalize() for _ in range(3000)}
    share = sum(world.name_split(name) == "heldout" for name in names) / len(names)
    assert 0.17 < share < 0.23


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_a_lookalike_keeps_the_category_and_differs_in_one_visible_part(split: world.Split) -> None:
    rng = random.Random(5)
    parts = set()
    for _ in range(200):
        look = world.draw_look(rng, split)
        other = world.lookalike(look, rng, split)
        assert other.category == look.category
        assert world.look_split(other) == split
        body = (other.colour != look.colour, other.pattern != look.pattern)
        details = (other.emblem != look.emblem, other.worn != look.worn)
        parts.add((body, details))
    assert parts == {
        ((True, False), (False, False)),
        ((False, True), (False, False)),
        ((False, False), (True, True)),
    }


def test_concepts_of_one_household_differ_in_name_and_body() -> None:
    for seed in range(50):
        concepts = world.draw_concepts(random.Random(seed), 6, "heldout")
        assert len({c.name for c in concepts}) == 6
        assert len({(c.look.category, c.look.colour) for c in concepts}) == 6


def test_a_cast_holds_whom_it_should() -> None:
    rng = random.Random(11)
    for _ in range(100):
        concepts = world.draw_concepts(rng, 3, "heldout")
        asked = concepts[0]
        inside = draw_cast(rng, concepts, asked, "heldout", count=3, inside=True)
        assert asked.name in {name for _, name in inside}
        outside = draw_cast(rng, concepts, asked, "heldout", count=2, inside=False, alike=True)
        assert asked.name not in {name for _, name in outside}
        strangers = [look for look, name in outside if name is None]
        assert any(look.category == asked.look.category for look in strangers)
        assert all(look != asked.look for look in strangers)


def test_a_variation_differs_in_one_attribute() -> None:
    rng = random.Random(5)
    parts = set()
    for _ in range(200):
        look = world.draw_look(rng, "heldout", vocabulary=world.FULL)
        other = world.vary(look, rng, "heldout")
        assert world.look_split(other) == "heldout"
        changed = [
            part.name for part in fields(look) if getattr(look, part.name) != getattr(other, part.name)
        ]
        assert len(changed) == 1
        parts.update(changed)
    assert parts == {part.name for part in fields(world.Look)} - {"category"}


def test_a_gallery_has_look_alikes_but_no_two_that_are_the_same() -> None:
    gallery = world.draw_gallery(random.Random(1), 120, "heldout")
    assert len({c.name for c in gallery}) == len({c.look for c in gallery}) == len(gallery) == 120
    assert {c.look.category for c in gallery} == set(world.FULL.categories)
    near = [
        sum(getattr(a.look, f.name) != getattr(b.look, f.name) for f in fields(world.Look)) == 1
        for a, b in pairwise(gallery)
    ]
    assert 0.12 < sum(near) / len(near) < 0.4
