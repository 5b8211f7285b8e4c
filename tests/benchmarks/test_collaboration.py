"""The arithmetic of the benchmark of collaboration, and that its pictures are what they are said to be."""

from __future__ import annotations

import random

import pytest
from PIL import Image

from benchmarks.collaboration import Tally
from benchmarks.gathering import Gathering, draw_gathering, here_question
from jarvis_agents.collaboration.report import PLACES
from jarvis_pocket import world


def test_what_is_dropped_is_neither_found_nor_false() -> None:
    gathering = Gathering(
        Image.new("RGB", (1, 1)), {"Bo": "left", "Mimi": "right", "Liki": "middle"}, frozenset({"Nori"})
    )
    tally = Tally()
    said = {
        "Bo": (True, "left"),
        "Mimi": (True, None),
        "Liki": (None, None),
        "Nori": (True, "left"),
        "Fabi": (None, None),
        "Domu": (False, None),
    }
    tally.add(gathering, said, 6, 2.0)
    tally.add(gathering, {"Bo": (False, None)}, 2, 1.0)
    figures = tally.to_dict()
    counts = {
        name: (share["accuracy"], share["n"])
        for name, share in figures.items()
        if name not in ("calls", "seconds")
    }
    assert counts == {
        "false present": (pytest.approx(1 / 3, abs=1e-4), 3),
        "look-alike": (1.0, 1),
        "recall": (0.5, 4),
        "false absent": (0.25, 4),
        "dropped": (pytest.approx(2 / 7, abs=1e-4), 7),
        "place": (0.5, 2),
    }
    assert (figures["calls"], figures["seconds"]) == (4.0, 1.5)


def test_gatherings_have_members_lookalikes_and_strangers() -> None:
    rng = random.Random(5)
    concepts = world.draw_gallery(rng, 4, "heldout")
    names = {concept.name for concept in concepts}
    gatherings = [draw_gathering(rng, concepts) for _ in range(60)]
    for gathering in gatherings:
        assert set(gathering.places) <= names
        assert gathering.alike <= names - set(gathering.places)
        assert len(set(gathering.places.values())) == len(gathering.places)
        assert set(gathering.places.values()) <= set(PLACES)
        wide = gathering.image.width > gathering.image.height
        assert wide or set(gathering.places.values()) <= {"middle"}
    assert {len(gathering.places) for gathering in gatherings} >= {0, 1, 2}
    assert any(gathering.alike for gathering in gatherings)


def test_a_question_is_right_only_with_the_truth() -> None:
    rng = random.Random(6)
    concepts = world.draw_gallery(rng, 4, "heldout")
    verdicts = []
    for _ in range(60):
        gathering = draw_gathering(rng, concepts)
        asked = here_question(rng, gathering, concepts)
        (name,) = asked.about
        here = name in gathering.places
        assert asked.right(f"{name} is here.") is here
        assert asked.right(f"{name} is not here.") is not here
        verdicts.append(here)
    assert 15 < sum(verdicts) < 40
