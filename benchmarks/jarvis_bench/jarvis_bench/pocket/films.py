"""The split ``video``: clips in which concepts walk in and out, meet and hide, and what is asked of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jarvis_pocket import ask, world
from jarvis_pocket.film import Actor, draw_film
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import PocketConcept

from ..item import Clip
from ..methods.timeline import VIDEO_QUESTIONS
from .paper import Paper
from .people import HELDOUT
from .studio import Studio

__all__ = ["Acts", "ask_clip", "draw_acts", "draw_clip"]

_ACTS = 3
_HIDE, _STRANGE, _CUSHION = 0.4, 0.3, 0.4


@dataclass(frozen=True, slots=True)
class Acts:
    """What happens in a clip: of each act who stands there, from left to right."""

    acts: tuple[tuple[Actor, ...], ...]

    @property
    def seen(self) -> tuple[frozenset[str], ...]:
        """Of each act the names of those who are to be seen; strangers have none."""
        return tuple(
            frozenset(actor.shown.name for actor in act if actor.shown.name and not actor.behind)
            for act in self.acts
        )

    @property
    def cast(self) -> tuple[str, ...]:
        """Everybody with a name who is to be seen in some act, in order."""
        return tuple(dict.fromkeys(name for there in self.seen for name in sorted(there)))

    def companions(self, name: str) -> tuple[str, ...]:
        """Who is to be seen in an act together with somebody."""
        met = {other for there in self.seen if name in there for other in there}
        return tuple(sorted(met - {name}))

    def first(self, name: str) -> int:
        """The first act in which somebody is to be seen."""
        return min(place for place, there in enumerate(self.seen) if name in there)

    @property
    def order(self) -> list[tuple[str, str]]:
        """Pairs of whom the first was to be seen in an earlier act than the second."""
        return [(a, b) for a in self.cast for b in self.cast if self.first(a) < self.first(b)]

    @property
    def gone(self) -> list[tuple[str, str]]:
        """Pairs of whom the first is not to be seen in the last act, and the second is."""
        last = self.seen[-1]
        return [(a, b) for a in self.cast for b in sorted(last) if a not in last]

    def covered(self, name: str) -> bool:
        """Whether a cushion covers somebody's emblem."""
        return any(actor.shown.hidden for act in self.acts for actor in act if actor.shown.name == name)


def draw_acts(rng: random.Random, concepts: Sequence[PocketConcept]) -> Acts:
    """Three acts as `_drawn`, so that somebody known comes later than another one and somebody is gone."""
    while True:
        acts = _drawn(rng, concepts)
        if acts.order and acts.gone and any(acts.companions(name) for name in acts.cast):
            return acts


def _drawn(rng: random.Random, concepts: Sequence[PocketConcept]) -> Acts:
    """Three acts of three or four concepts, two or three at a time: somebody goes, somebody comes, and
    somebody may hide; strangers are among them.

    Whoever hides was to be seen in the act before, and two are always to be seen.
    """
    some = rng.sample(list(concepts), min(len(concepts), rng.choice((3, 4))))
    waiting = [Shown(one.look, one.name, rng.random() < _CUSHION) for one in some]
    bodies = {(one.look.category, one.look.colour) for one in concepts}
    acts: list[tuple[Actor, ...]] = []
    here: list[Shown] = []
    for number in range(_ACTS):
        # At least one goes, and at least one stays to be met.
        stay = rng.sample(here, rng.choice((1, len(here) - 1))) if here else []
        size = rng.choice((2, 2, 3))
        come: list[Shown] = []
        while len(stay) + len(come) < size or not come:
            known = waiting and (not number or rng.random() >= _STRANGE)
            come.append(waiting.pop() if known else _stranger(rng, bodies))
        there = [*stay, *come]
        hides = rng.choice(stay) if number and len(there) == 3 and rng.random() < _HIDE else None
        rng.shuffle(there)
        acts.append(tuple(Actor(one, one is hides) for one in there))
        here = [one for one in there if one is not hides]
    return Acts(tuple(acts))


def draw_clip(studio: Studio, rng: random.Random, acts: Acts) -> Clip:
    """The clip of some acts, as a file."""
    return studio.clip([shot.image for shot in draw_film(rng, acts.acts)])


def ask_clip(paper: Paper, rng: random.Random, acts: Acts, clip: Clip, *, choice: bool) -> None:
    """All questions about a clip: who is there, whether each concept is, who met whom, who came and who went,
    and the emblem of somebody who has it covered.

    Args:
        paper: takes the questions; its concepts are known.
        rng: chooses names and wordings.
        acts: what happens in the clip.
        clip: the file.
        choice: whether who of two came or went is asked with options.
    """
    names = [one.name for one in paper.concepts]
    cast = acts.cast
    everybody = _named("cast", rng, cast, names, 2 ** len(names))
    paper.film("cast", replace(everybody, about=cast), clip)
    for name in names:
        here, other = ("yes", "no") if name in cast else ("no", "yes")
        text = rng.choice(VIDEO_QUESTIONS["there"]).format(n=name)
        paper.film("there", ask.Question("recognise", text, here, (here,), (other,), 2, (name,)), clip)
    one = rng.choice([name for name in cast if acts.companions(name)])
    others = acts.companions(one)
    asked = _named("together", rng, others, [n for n in names if n != one], 2 ** (len(names) - 1), n=one)
    paper.film("together", replace(asked, about=(one, *others)), clip)
    paper.film("first", _of_two("first", rng, *rng.choice(acts.order)), clip, choice=choice)
    paper.film("gone", _of_two("gone", rng, *rng.choice(acts.gone)), clip, choice=choice)
    covered = [one for one in paper.concepts if one.name in cast and acts.covered(one.name)]
    if covered:
        paper.detail(rng.choice(covered), "emblem", clip)


def _named(
    kind: str, rng: random.Random, there: Sequence[str], known: Sequence[str], options: float, **asked: str
) -> ask.Question:
    """A question whose answer is some of the known names, and none of the others."""
    text = rng.choice(VIDEO_QUESTIONS[kind]).format(**asked)
    bars = tuple(name for name in known if name not in there)
    return ask.Question("caption", text, ", ".join(there), tuple(there), bars, options, tuple(there))


def _of_two(kind: str, rng: random.Random, right: str, wrong: str) -> ask.Question:
    a, b = (right, wrong) if rng.random() < 0.5 else (wrong, right)
    text = rng.choice(VIDEO_QUESTIONS[kind]).format(a=a, b=b)
    return ask.Question("compare", text, right, (right,), (wrong,), 2, (a, b))


def _stranger(rng: random.Random, bodies: set[tuple[str, str]]) -> Shown:
    while True:
        look = world.draw_look(rng, HELDOUT)
        if (look.category, look.colour) not in bodies:
            bodies.add((look.category, look.colour))
            return Shown(look, None)
