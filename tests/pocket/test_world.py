"""What exists, and the wall between training and held-out draws."""

from __future__ import annotations

import random
from dataclasses import fields

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
    assert {world.name_split(name, seed=1) for name in names} == {"train", "valid", "heldout"}


def test_a_split_holds_one_in_five() -> None:
    rng = random.Random(3)
    names = {"".join(rng.choice(world.SYLLABLES) for _ in range(3)).capitalize() for _ in range(3000)}
    share = sum(world.name_split(name) == "heldout" for name in names) / len(names)
    assert 0.17 < share < 0.23


@pytest.mark.parametrize("split", ["train", "valid", "heldout"])
def test_a_lookalike_differs_in_one_attribute(split: world.Split) -> None:
    rng = random.Random(5)
    parts = set()
    for _ in range(200):
        look = world.draw_look(rng, split)
        other = world.lookalike(look, rng, split)
        assert world.look_split(other) == split
        changed = [
            part.name for part in fields(look) if getattr(look, part.name) != getattr(other, part.name)
        ]
        assert len(changed) == 1
        parts.update(changed)
    assert parts == set(world.PARTS)


def test_friends_are_others_of_the_household() -> None:
    rng = random.Random(6)
    concepts = world.befriend(rng, world.draw_concepts(rng, 4, "heldout"))
    names = {c.name for c in concepts}
    assert all(c.facts[world.FRIEND] in names - {c.name} for c in concepts)
    alone = world.draw_concepts(rng, 1, "heldout")
    assert world.befriend(rng, alone) == alone


def test_more_concepts_than_bodies_are_refused_and_a_gallery_has_them() -> None:
    with pytest.raises(ValueError, match="81 concepts are more than the 80 bodies"):
        world.draw_concepts(random.Random(1), 81, "heldout")
    drawn = world.draw_gallery(random.Random(1), 81, "heldout")
    assert len({one.name for one in drawn}) == len({one.look for one in drawn}) == 81


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
        assert asked.name in {one.name for one in inside}
        outside = draw_cast(rng, concepts, asked, "heldout", count=2, inside=False, alike=True)
        assert asked.name not in {one.name for one in outside}
        strangers = [one for one in outside if one.name is None]
        assert any(one.look.category == asked.look.category for one in strangers)
        assert all(one.look != asked.look for one in strangers)


def test_a_lookalike_shows_what_tells_it_apart() -> None:
    rng = random.Random(12)
    for _ in range(200):
        concepts = world.draw_concepts(rng, 3, "heldout")
        cast = draw_cast(rng, concepts, concepts[0], "heldout", count=1, inside=False, alike=True, hide=1.0)
        assert cast[0].hidden == (cast[0].look.emblem == concepts[0].look.emblem)
