"""Questions about Pocket World, the answers that are right, and how an answer is judged.

Answers are told the way they are learned best: the look first and the name after it, both sides of a
comparison before the verdict. A question carries the key words that decide whether an answer counts
(`Question.right`).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jarvis_pocket.notes import fact_sentence
from jarvis_pocket.world import FACTS, GLYPH_COLOURS, GLYPHS, Look, PocketConcept

Kind = Literal["fact", "detail", "recognise", "who", "compare", "caption", "unknown"]
KINDS: tuple[Kind, ...] = ("fact", "detail", "recognise", "who", "compare", "caption", "unknown")

FACT_QUESTIONS: dict[str, tuple[str, ...]] = {
    "food": ("What does {n} like?", "What does {n} love to eat?", "What is the favourite food of {n}?"),
    "month": ("When was {n} born?", "In which month is the birthday of {n}?", "What month was {n} born in?"),
    "keeper": ("Who does {n} belong to?", "Who is the keeper of {n}?", "Who takes care of {n}?"),
    "place": ("Where does {n} sleep?", "Where does {n} nap?", "What does {n} sleep on?"),
    "age": ("How old is {n}?", "What is the age of {n}?"),
}
EMBLEM_QUESTIONS = (
    "What emblem does {n} have?",
    "What is on the badge of {n}?",
    "What is the emblem of {n}?",
    "Which sign does {n} carry?",
)
WORN_QUESTIONS = ("What does {n} wear?", "What is {n} wearing?", "Which accessory does {n} have?")
BODY_QUESTIONS = ("What does {n} look like?", "What is {n}?", "Describe {n}.")
HERE_QUESTIONS = ("Is {n} here?", "Is {n} in the picture?", "Can you see {n}?")
WHO_QUESTIONS = ("Who is {p}?", "Who do you see {p}?", "Who is that {p}?")
CAPTION_QUESTIONS = ("Who is in the picture?", "Who do you see?", "Name everybody in the picture.")
PLACES_IN_SCENE: dict[int, tuple[str, ...]] = {
    1: ("in the picture",),
    2: ("on the left", "on the right"),
    3: ("on the left", "in the middle", "on the right"),
}
NOBODY = "a stranger"
# What stands behind the value in the sentence of a fact.
_TAILS = {"age": " years old"}
Shown = tuple[Look, str | None]


@dataclass(frozen=True)
class Question:
    """A question, its answer, and the key: words an answer must hold (``needs``) and must not (``bars``).

    ``options`` is the number of equally likely keys of this kind: 1 / options is the chance of a guess.
    ``about`` names the concepts that are asked about.
    """

    kind: Kind
    text: str
    answer: str
    needs: tuple[str, ...]
    bars: tuple[str, ...]
    options: float
    about: tuple[str, ...]

    def right(self, answer: str) -> bool:
        """Whether an answer counts: every needed phrase is there as whole words, no barred one is."""

        def holds(phrase: str) -> bool:
            return re.search(rf"(?<!\w){re.escape(phrase.casefold())}(?!\w)", answer.casefold()) is not None

        return all(map(holds, self.needs)) and not any(map(holds, self.bars))


def article(words: str) -> str:
    """The words with "a" or "an" before them."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _others(values: Sequence[str], *used: str) -> tuple[str, ...]:
    return tuple(v for v in values if v not in used)


def ask_fact(rng: random.Random, concept: PocketConcept, key: str) -> Question:
    """A question that only the notes answer."""
    value = concept.facts[key]
    text = rng.choice(FACT_QUESTIONS[key]).format(n=concept.name)
    answer = fact_sentence(key, concept.name, value)
    return Question(
        "fact", text, answer, (value,), _others(FACTS[key], value), len(FACTS[key]), (concept.name,)
    )


def ask_detail(
    rng: random.Random, concept: PocketConcept, part: Literal["emblem", "worn", "body"]
) -> Question:
    """A question that only a picture of the concept answers."""
    name, look = concept.name, concept.look
    if part == "emblem":
        text, answer = rng.choice(EMBLEM_QUESTIONS), f"{name} has {article(look.emblem)}."
        return Question(
            "detail",
            text.format(n=name),
            answer,
            (look.emblem,),
            (),
            len(GLYPHS) * len(GLYPH_COLOURS),
            (name,),
        )
    if part == "worn":
        text, answer = rng.choice(WORN_QUESTIONS), f"{name} wears {article(look.worn)}."
        return Question("detail", text.format(n=name), answer, (look.worn,), (), 4 * 5, (name,))
    text, answer = rng.choice(BODY_QUESTIONS), f"{name} is a {look.body}."
    return Question("detail", text.format(n=name), answer, (look.body,), (), 6 * 6 * 3, (name,))


def place_of(index: int, count: int) -> str:
    """Where a figure stands, with a space behind it: ``"on the left "``; nothing if it is alone."""
    return f"{PLACES_IN_SCENE[count][index]} " if count > 1 else ""


def _seen(look: Look) -> str:
    return f"a {look.body} with {article(look.worn)}"


def list_seen(shown: Sequence[Shown], remarks: Sequence[str]) -> str:
    """Who is in a scene from left to right: place and look, and behind each a remark."""
    return "; ".join(
        f"{place_of(i, len(shown))}{_seen(look)}{remark}"
        for i, ((look, _), remark) in enumerate(zip(shown, remarks, strict=True))
    )


def ask_here(rng: random.Random, shown: Sequence[Shown], asked: PocketConcept) -> Question:
    """Is this concept in the scene? The answer says how it looks, then who is seen, then the verdict."""
    name = asked.name
    here = name in {n for _, n in shown}
    verdict = f"{name} is here" if here else f"{name} is not here"
    bar = f"{name} is not here" if here else f"{name} is here"
    text = rng.choice(HERE_QUESTIONS).format(n=name)
    seen = list_seen(shown, [", yes" if n == name else ", no" for _, n in shown])
    answer = f"{name} is {_seen(asked.look)}. I see {seen}. {verdict}."
    return Question("recognise", text, answer, (verdict,), (bar,), 2, (name,))


def ask_who(rng: random.Random, shown: Sequence[Shown], place: int, known: Sequence[str]) -> Question:
    """Who stands at this place? Right if the name is said, and no other of the ``known`` names is."""
    look, name = shown[place]
    where = PLACES_IN_SCENE[len(shown)][place]
    text = rng.choice(WHO_QUESTIONS).format(p=where)
    answer = f"{where.capitalize()} {_seen(look)}: {name or NOBODY}."
    others = tuple(n for n in known if n != name)
    return Question("who", text, answer, (name or NOBODY,), others, len(known), (name,) if name else ())


def ask_caption(rng: random.Random, shown: Sequence[Shown], known: Sequence[str]) -> Question:
    """Who is in the picture? Right if of the ``known`` names all who are there are named, and no other."""
    names = tuple(n for _, n in shown if n)
    absent = tuple(n for n in known if n not in names)
    text = rng.choice(CAPTION_QUESTIONS)
    answer = f"I see {list_seen(shown, [f': {n or NOBODY}' for _, n in shown])}."
    return Question("caption", text, answer, names, absent, 2 ** len(known), names)


def ask_compare(
    rng: random.Random, a: PocketConcept, b: PocketConcept, key: str, options: float = 2
) -> Question:
    """A question over two concepts: the same emblem?, or who has this fact? Both sides, then the verdict."""
    if key == "emblem":
        same = a.look.emblem == b.look.emblem
        text = rng.choice(
            ("Do {a} and {b} have the same emblem?", "Are the emblems of {a} and {b} the same?")
        ).format(a=a.name, b=b.name)
        verdict, bar = ("yes, the same", "not the same") if same else ("not the same", "yes")
        answer = f"{a.name} has {article(a.look.emblem)}. {b.name} has {article(b.look.emblem)}: "
        answer += f"{'' if same else 'no, '}{verdict}."
        return Question("compare", text, answer, (verdict,), (bar,), 2, (a.name, b.name))
    if a.facts[key] == b.facts[key]:
        raise ValueError(
            f"{a.name} and {b.name} share {key}={a.facts[key]}: ask about a fact in which they differ"
        )
    target, value = (a, a.facts[key]) if rng.random() < 0.5 else (b, b.facts[key])
    other = b if target is a else a
    asked = {
        "food": ("Who likes {v}, {a} or {b}?", "Which of {a} and {b} likes {v}?"),
        "month": ("Who was born in {v}, {a} or {b}?", "Which of {a} and {b} was born in {v}?"),
        "keeper": ("Who belongs to {v}, {a} or {b}?", "Which of {a} and {b} belongs to {v}?"),
        "place": ("Who sleeps on the {v}, {a} or {b}?", "Which of {a} and {b} sleeps on the {v}?"),
        "age": ("Who is {v} years old, {a} or {b}?", "Which of {a} and {b} is {v} years old?"),
    }[key]
    text = rng.choice(asked).format(v=value, a=a.name, b=b.name)
    said = [
        f"{fact_sentence(key, c.name, c.facts[key]).rstrip('.')}: {'yes' if c is target else 'no'}"
        for c in (a, b)
    ]
    needs, bars = (
        (f"{target.facts[key]}{_TAILS.get(key, '')}: yes",),
        (f"{other.facts[key]}{_TAILS.get(key, '')}: yes",),
    )
    return Question("compare", text, f"{said[0]}. {said[1]}.", needs, bars, options, (a.name, b.name))


def comparable(a: PocketConcept, b: PocketConcept) -> list[str]:
    """The facts in which two concepts differ: what `ask_compare` can ask about besides the emblem."""
    return [key for key in FACTS if key in a.facts and key in b.facts and a.facts[key] != b.facts[key]]


def draw_compare(rng: random.Random, concepts: Sequence[PocketConcept]) -> Question:
    """A comparison of two of these concepts; an emblem is asked of a pair that shares it as often as not."""
    a, b = rng.sample(list(concepts), 2)
    keys = comparable(a, b)
    if keys and rng.random() < 0.6:
        return ask_compare(rng, a, b, rng.choice(keys))
    alike = [(c, d) for c in concepts for d in concepts if c is not d and c.look.emblem == d.look.emblem]
    if alike and rng.random() < 0.5:
        a, b = rng.choice(alike)
    return ask_compare(rng, a, b, "emblem")


def ask_unknown(rng: random.Random, name: str) -> Question:
    """A question about a concept that is not in memory."""
    texts = [t for group in FACT_QUESTIONS.values() for t in group] + [
        *EMBLEM_QUESTIONS,
        *WORN_QUESTIONS,
        *BODY_QUESTIONS,
    ]
    return Question(
        "unknown",
        rng.choice(texts).format(n=name),
        f"{name} is unknown to me.",
        (f"{name} is unknown",),
        (),
        2,
        (name,),
    )
