"""The questions of a split, in the making: wordings of Pocket World, answers that the renderer knows."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from jarvis_pocket import ask, wording
from jarvis_pocket.telling import NOBODY, PLACES_IN_SCENE, Shown
from jarvis_pocket.world import FACTS, PocketConcept, draw_look

from ..dataset import BenchConcept
from ..item import LETTERS, Clip, Item, Picture, Source, Task
from .people import HELDOUT

__all__ = ["OPTIONS", "Paper", "told_of"]

OPTIONS = 4
_STRANGER = "stranger"
_BARRED = 100  # of the names that may not be said, so many at most


class Paper:
    """Items about some concepts.

    Args:
        concepts: who is known.
        rng: chooses wordings, options and their order.
    """

    def __init__(self, concepts: Sequence[PocketConcept], rng: random.Random) -> None:
        self.concepts, self._rng = tuple(concepts), rng
        self.items: list[Item] = []
        self.chances: dict[tuple[str, str], list[float]] = defaultdict(list)

    def fact(self, concept: PocketConcept, key: str, *, choice: bool = False) -> None:
        """Something that only the notes tell."""
        asked = ask.ask_fact(self._rng, concept, key)
        others = [one.facts[key] for one in self.concepts]
        options = self._options(asked.needs[0], others, FACTS[key]) if choice else ()
        self._add("text", "fact", asked, options=options)

    def detail(
        self,
        concept: PocketConcept,
        part: ask.Part,
        picture: Picture | Clip | None = None,
        *,
        choice: bool = False,
    ) -> None:
        """Something that only photos tell; a picture or a clip, if there is one, has it covered."""
        asked = ask.ask_detail(self._rng, concept, part)
        others = [_part(one, part) for one in self.concepts]
        if choice:
            drawn = [_part(replace(concept, look=draw_look(self._rng, HELDOUT)), part) for _ in range(40)]
            options = self._options(asked.needs[0], others, drawn)
        else:
            # Else everything that it never had would be right beside what it has.
            asked, options = replace(asked, bars=tuple(sorted({*others} - {asked.needs[0]}))), ()
        if isinstance(picture, Clip):
            self._add("video", "detail", asked, video=picture, options=options)
            return
        images = (picture,) if picture else ()
        self._add("vqa" if images else "text", "detail", asked, images=images, options=options)

    def film(self, kind: str, asked: ask.Question, clip: Clip, *, choice: bool = False) -> None:
        """A question about a clip; with options, who of two it is."""
        options = self._options(asked.needs[0], asked.bars, ()) if choice else ()
        self._add("video", kind, asked, video=clip, options=options)

    def changed(self, before: PocketConcept, after: PocketConcept, times: int) -> None:
        """What somebody wears who wore something else before: one fact, asked in so many wordings."""
        for words in self._rng.sample(wording.WORN_QUESTIONS, min(times, len(wording.WORN_QUESTIONS))):
            asked = ask.ask_detail(self._rng, after, "worn")
            told = replace(asked, text=words.format(n=after.name), bars=(before.look.worn,))
            self._add("text", "changed", told, fact=f"worn/{after.name}")

    def who(self, shown: Sequence[Shown], picture: Picture, place: int, *, choice: bool = False) -> None:
        """Who stands at a place, or that it is a stranger."""
        one, where = shown[place], PLACES_IN_SCENE[len(shown)][place]
        names = [concept.name for concept in self.concepts]
        asked = ask.Question(
            kind="who",
            text=self._rng.choice(wording.WHO_QUESTIONS).format(p=where),
            answer=one.name or _STRANGER,
            needs=(one.name or _STRANGER,),
            bars=self._barred([name for name in names if name != one.name]),
            options=len(names) + 1,
            about=(one.name,) if one.name else (),
        )
        options: tuple[str, ...] = ()
        if choice:
            there = [other.name for other in shown if other.name and other is not one]
            pool = [NOBODY, *there] if one.name else there
            options = self._options(one.name or NOBODY, pool, names, first=True)
        self._add("vqa", "who", asked, images=(picture,), options=options)

    def here(self, shown: Sequence[Shown], picture: Picture, asked: Sequence[PocketConcept]) -> None:
        """Whether each of some concepts is in a picture."""
        there = {one.name for one in shown}
        text = self._rng.choice(wording.HERE_QUESTIONS)
        for concept in asked:
            question = ask.Question(
                kind="recognise",
                text=text.format(n=concept.name),
                answer="yes" if concept.name in there else "no",
                needs=(),
                bars=(),
                options=2,
                about=(concept.name,),
            )
            self._add("recognition", "here", question, images=(picture,))

    def caption(self, shown: Sequence[Shown], picture: Picture) -> None:
        """Who is in a picture; somebody known has to be."""
        asked = ask.ask_caption(self._rng, shown, self.concepts[:1])
        self._add("caption", "caption", replace(asked, answer="", needs=(), bars=()), images=(picture,))

    def compare(self, a: PocketConcept, b: PocketConcept, key: str, *, choice: bool = False) -> None:
        """Who of two a fact belongs to; both are named in the question, so a guess is right half the time."""
        asked = ask.ask_compare(self._rng, a, b, key)
        value = asked.needs[0].removesuffix(": yes").removesuffix(" years old")
        target = a if a.facts[key] == value else b
        other = b if target is a else a
        asked = replace(asked, answer=target.name, needs=(target.name,), bars=(other.name,), options=2)
        options = self._options(target.name, [other.name], ()) if choice else ()
        self._add("text", "compare", asked, options=options)

    def relation(self, concept: PocketConcept, friend: PocketConcept, key: str) -> None:
        """What is known of the one who shares a bowl with somebody."""
        asked = ask.ask_relation(self._rng, concept, friend, key)
        self._add("text", "relation", replace(asked, answer=asked.needs[0]))

    def _options(
        self, right: str, likely: Sequence[str], others: Sequence[str], *, first: bool = False
    ) -> tuple[str, ...]:
        """The right one and up to three others, those that belong to somebody else before all the rest."""
        near = [one for one in dict.fromkeys(likely) if one != right]
        if not first:
            self._rng.shuffle(near)
        rest = [one for one in dict.fromkeys(others) if one != right and one not in near]
        self._rng.shuffle(rest)
        options = [right, *[*near, *rest][: OPTIONS - 1]]
        self._rng.shuffle(options)
        # The right one is found again by its text.
        return (right, *options)

    def _barred(self, names: list[str]) -> tuple[str, ...]:
        return tuple(names if len(names) <= _BARRED else self._rng.sample(names, _BARRED))

    def _add(
        self,
        task: Task,
        kind: str,
        asked: ask.Question,
        *,
        images: tuple[Picture, ...] = (),
        video: Clip | None = None,
        options: tuple[str, ...] = (),
        fact: str = "",
    ) -> None:
        right, *shown = options or ("",)
        number = len(self.items)
        free = not shown and task in ("vqa", "text", "video")
        answer = " ".join(asked.needs) if free else asked.answer
        item = Item(
            id=f"{kind}/{number:05d}",
            task=task,
            kind=kind,
            split=HELDOUT,
            question=asked.text,
            concepts=tuple(name.casefold() for name in asked.about),
            history=asked.history,
            images=images,
            video=video,
            options=tuple(shown),
            answer=LETTERS[shown.index(right)] if shown else answer,
            needs=asked.needs if free else (),
            bars=asked.bars if free else (),
            fact=fact,
            source=Source(file="jarvis_pocket", key=str(number)),
        )
        self.items.append(item)
        self.chances[item.group, kind].append(1 / (len(shown) or asked.options))


def _part(concept: PocketConcept, part: ask.Part) -> str:
    look = concept.look
    return {"emblem": look.emblem, "worn": look.worn, "body": look.body}[part]


def told_of(
    concept: PocketConcept, notes: str, photos: Sequence[Picture], later: Sequence[Picture] = ()
) -> BenchConcept:
    """A concept as a data set has it; its category is not told, photos show it."""
    return BenchConcept(
        id=concept.name.casefold(),
        name=concept.name,
        notes=notes,
        photos=tuple(photos),
        later=tuple(later),
    )
