"""Who lives in the household that ships, and what is asked about them: always the same, to the pixel.

``python -m jarvis_pocket.homestead --out examples/household`` draws it: seven concepts with photos and notes,
and questions about them. Names and looks are held out: no model of this project was trained on them.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from jarvis_pocket import ask, notes, scene
from jarvis_pocket.ask import Question
from jarvis_pocket.household import (
    DrawnHousehold,
    Household,
    HouseholdConcept,
    HouseholdQuestion,
    save_household,
)
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import Look, PocketConcept, draw_look, lookalike

__all__ = ["HOUSEHOLD", "STRANGER_NAME", "draw_household", "main"]


def _concept(name: str, look: Look, facts: str) -> PocketConcept:
    return PocketConcept(
        name, look, dict(zip(("food", "month", "keeper", "place", "age"), facts.split(), strict=True))
    )


HOUSEHOLD: tuple[PocketConcept, ...] = (
    _concept(
        "Liki",
        Look("cat", "green", "plain", "heart", "orange", "scarf", "purple"),
        "noodles May Mia sofa 3",
    ),
    _concept(
        "Nori",
        Look("cat", "purple", "striped", "moon", "black", "bow", "yellow"),
        "cheese October Leo rug 7",
    ),
    _concept(
        "Fabi",
        Look("dog", "yellow", "spotted", "cross", "purple", "hat", "blue"),
        "carrots March Ana porch 5",
    ),
    _concept(
        "Domu",
        Look("bird", "blue", "plain", "star", "red", "flag", "orange"),
        "berries January Tom chair 2",
    ),
    _concept(
        "Zifa",
        Look("fish", "red", "striped", "moon", "green", "hat", "yellow"),
        "rice August Eva desk 4",
    ),
    _concept(
        "Tomiko",
        Look("mug", "grey", "plain", "star", "red", "bow", "blue"),
        "honey December Ida shelf 9",
    ),
    _concept(
        "Rutaba",
        Look("robot", "green", "spotted", "cross", "blue", "scarf", "red"),
        "plums June Sam stairs 12",
    ),
)
"""Names and looks are held out; Domu and Tomiko share their emblem."""

STRANGER_NAME = "Lenu"
"""A held-out name that nobody in the household has."""

_PHOTOS = 3
_BY_NAME = {concept.name: concept for concept in HOUSEHOLD}


class _Album:
    """Draws the questions one after the other; each has a generator of its own, so one can change alone."""

    def __init__(self) -> None:
        self.questions: list[HouseholdQuestion] = []
        self.scenes: dict[Path, Image.Image] = {}

    def rng(self) -> random.Random:
        return random.Random(f"household/question/{len(self.questions)}")

    def add(self, question: Question, picture: scene.Picture | None = None) -> None:
        path = None
        if picture is not None:
            path = Path("scenes") / f"scene-{len(self.scenes) + 1}.png"
            self.scenes[path] = picture.image
        self.questions.append(HouseholdQuestion.of(question, path))

    def fact(self, name: str, key: str) -> None:
        self.add(ask.ask_fact(self.rng(), _BY_NAME[name], key))

    def emblem(self, name: str, *, covered: bool = False) -> None:
        rng = self.rng()
        question = ask.ask_detail(rng, _BY_NAME[name], "emblem")
        look = _BY_NAME[name].look
        self.add(question, scene.draw_scene(rng, [Shown(look, name, True)]) if covered else None)

    def worn(self, name: str) -> None:
        self.add(ask.ask_detail(self.rng(), _BY_NAME[name], "worn"))

    def compare(self, a: str, b: str, key: str) -> None:
        self.add(ask.ask_compare(self.rng(), _BY_NAME[a], _BY_NAME[b], key))

    def here(self, name: str, cast: Sequence[str | None], *, alike: bool = False) -> None:
        """Is ``name`` here? None in the cast is a stranger, or a look-alike of ``name``."""
        rng = self.rng()
        shown = _shown(rng, cast, _BY_NAME[name].look if alike else None)
        self.add(ask.ask_here(rng, shown, _BY_NAME[name]), _scene(rng, shown))

    def who(self, cast: Sequence[str | None], place: int) -> None:
        rng = self.rng()
        shown = _shown(rng, cast)
        self.add(ask.ask_who(rng, shown, place, HOUSEHOLD), _scene(rng, shown))

    def caption(self, cast: Sequence[str | None]) -> None:
        rng = self.rng()
        shown = _shown(rng, cast)
        self.add(ask.ask_caption(rng, shown, HOUSEHOLD), _scene(rng, shown))


def draw_household() -> DrawnHousehold:
    """The household that ships: the same every time."""
    pictures: dict[Path, Image.Image] = {}
    concepts = []
    for concept in HOUSEHOLD:
        rng = random.Random(f"household/{concept.name}")
        paths = tuple(Path("photos") / f"{concept.name.lower()}-{n}.png" for n in range(1, _PHOTOS + 1))
        for path in paths:
            pictures[path] = scene.draw_photo(rng, concept.look).image
        about = " ".join(notes.draw_notes(rng, concept))
        concepts.append(HouseholdConcept(name=concept.name, photos=paths, about=about))
    album = _ask_all()
    household = Household(concepts=tuple(concepts), questions=tuple(album.questions))
    return DrawnHousehold(household, pictures | album.scenes)


def _ask_all() -> _Album:
    album = _Album()
    album.fact("Liki", "food")
    album.fact("Domu", "month")
    album.fact("Rutaba", "place")
    album.fact("Tomiko", "keeper")
    album.emblem("Fabi")
    album.emblem("Liki")
    album.worn("Nori")
    album.emblem("Rutaba", covered=True)
    album.here("Zifa", ["Zifa"])
    album.here("Nori", ["Tomiko", "Nori"])
    album.here("Fabi", [None, "Domu"], alike=True)
    album.here("Liki", ["Rutaba", "Zifa"])
    album.who(["Liki", "Nori"], 0)
    album.who(["Domu", "Fabi", "Rutaba"], 1)
    album.who(["Tomiko", None], 0)
    album.compare("Domu", "Tomiko", "emblem")
    album.compare("Liki", "Fabi", "food")
    album.compare("Zifa", "Rutaba", "month")
    album.caption(["Fabi", "Liki"])
    album.caption(["Zifa", "Domu", "Nori"])
    album.add(ask.ask_unknown(album.rng(), STRANGER_NAME))
    return album


def _shown(rng: random.Random, cast: Sequence[str | None], alike: Look | None = None) -> list[Shown]:
    bodies = {(c.look.category, c.look.colour) for c in HOUSEHOLD}
    shown: list[Shown] = []
    for name in cast:
        if name is not None:
            shown.append(Shown(_BY_NAME[name].look, name, rng.random() < 0.25))
        elif alike is not None:
            shown.append(Shown(lookalike(alike, rng, "heldout", part="colour"), None))
        else:
            look = draw_look(rng, "heldout")
            while (look.category, look.colour) in bodies:
                look = draw_look(rng, "heldout")
            shown.append(Shown(look, None, rng.random() < 0.25))
    return shown


def _scene(rng: random.Random, shown: Sequence[Shown]) -> scene.Picture:
    return scene.draw_scene(rng, shown)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the household that ships into a folder."""
    parser = argparse.ArgumentParser(
        prog="python -m jarvis_pocket.homestead", description="Draw the household."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    out: Path = parser.parse_args(arguments).out
    drawn = draw_household()
    save_household(drawn, out)
    concepts, questions = len(drawn.household.concepts), len(drawn.household.questions)
    sys.stdout.write(f"{out}: {concepts} concepts, {questions} questions, {len(drawn.pictures)} pictures\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
