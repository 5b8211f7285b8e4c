"""Questions about Pocket World, the answers that are right, and how an answer is judged.

Answers are told the way they are learned best: the look first and the name after it, both sides of a
comparison before the verdict. A question carries the key words that decide whether an answer counts
(`Question.right`).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from jarvis_pocket import wording
from jarvis_pocket.notes import fact_sentence
from jarvis_pocket.telling import (
    NOBODY,
    PLACES_IN_SCENE,
    VERDICT,
    Shown,
    article,
    introduce,
    list_seen,
    place_of,
    remembered,
)
from jarvis_pocket.world import (
    ACCESSORIES,
    ACCESSORY_COLOURS,
    CATEGORIES,
    COLOURS,
    FACTS,
    FRIEND,
    GLYPH_COLOURS,
    GLYPHS,
    PATTERNS,
    PocketConcept,
)

Kind = Literal["fact", "detail", "recognise", "who", "compare", "caption", "unknown", "relation", "follow"]
KINDS: tuple[Kind, ...] = (
    *("fact", "detail", "recognise", "who", "compare", "caption", "unknown", "relation", "follow"),
)
Part = Literal["emblem", "worn", "body"]

# What stands behind the value in the sentence of a fact.
_TAILS = {"age": " years old"}


@dataclass(frozen=True)
class Question:
    """A question, its answer, and the key: words an answer must hold (``needs``) and must not (``bars``).

    ``options`` is the number of equally likely keys of this kind: 1 / options is the chance of a guess.
    ``about`` names the concepts that are asked about; ``history`` holds earlier questions and answers.
    """

    kind: Kind
    text: str
    answer: str
    needs: tuple[str, ...]
    bars: tuple[str, ...]
    options: float
    about: tuple[str, ...]
    history: tuple[tuple[str, str], ...] = ()

    def right(self, answer: str) -> bool:
        """Whether an answer counts: every needed phrase is there as whole words, no barred one is."""
        return self.recall(answer) == 1 and not any(_holds(answer, phrase) for phrase in self.bars)

    def recall(self, answer: str) -> float:
        """The share of the needed phrases that are there as whole words; 1 where none is needed."""
        found = [_holds(answer, phrase) for phrase in self.needs]
        return sum(found) / len(found) if found else 1.0


def _holds(answer: str, phrase: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(phrase.casefold())}(?!\w)", answer.casefold()) is not None


def _others(values: Sequence[str], *used: str) -> tuple[str, ...]:
    return tuple(v for v in values if v not in used)


def ask_fact(rng: random.Random, concept: PocketConcept, key: str) -> Question:
    """A question that only the notes answer."""
    value = concept.facts[key]
    text = rng.choice(wording.FACT_QUESTIONS[key]).format(n=concept.name)
    answer = fact_sentence(key, concept.name, value)
    return Question(
        "fact", text, answer, (value,), _others(FACTS[key], value), len(FACTS[key]), (concept.name,)
    )


def ask_detail(rng: random.Random, concept: PocketConcept, part: Part) -> Question:
    """A question that only a picture of the concept answers."""
    name, look = concept.name, concept.look
    texts, answer, need, options = {
        "emblem": (
            wording.EMBLEM_QUESTIONS,
            f"{name} has {article(look.emblem)}.",
            look.emblem,
            len(GLYPHS) * len(GLYPH_COLOURS),
        ),
        "worn": (
            wording.WORN_QUESTIONS,
            f"{name} wears {article(look.worn)}.",
            look.worn,
            len(ACCESSORIES) * (len(ACCESSORY_COLOURS) - 1),
        ),
        "body": (
            wording.BODY_QUESTIONS,
            f"{name} is a {look.body}.",
            look.body,
            len(CATEGORIES) * len(COLOURS) * len(PATTERNS),
        ),
    }[part]
    return Question("detail", rng.choice(texts).format(n=name), answer, (need,), (), options, (name,))


def ask_about(rng: random.Random, concept: PocketConcept, key: str) -> Question:
    """A question about a fact, or about ``emblem`` or ``worn``."""
    if key == "emblem":
        return ask_detail(rng, concept, "emblem")
    return ask_detail(rng, concept, "worn") if key == "worn" else ask_fact(rng, concept, key)


def ask_relation(rng: random.Random, concept: PocketConcept, friend: PocketConcept, key: str) -> Question:
    """A question whose answer lies with another concept: who shares a bowl, then what is known of them.

    ``key`` is `FRIEND` itself, a fact, ``emblem`` or ``worn``.
    """
    first = fact_sentence(FRIEND, concept.name, friend.name)
    about = (concept.name, friend.name)
    if key == FRIEND:
        text = rng.choice(wording.FRIEND_QUESTIONS).format(n=concept.name)
        return Question("relation", text, first, (friend.name,), (), 10, about)
    called = rng.choice(wording.FRIEND).format(n=concept.name)
    asked = ask_about(rng, friend, key)
    texts = {"emblem": wording.EMBLEM_QUESTIONS, "worn": wording.WORN_QUESTIONS} | wording.FACT_QUESTIONS
    text = rng.choice([t for t in texts[key] if "'s" not in t]).format(n=called)
    return replace(asked, kind="relation", text=text, answer=f"{first} {asked.answer}", about=about)


def ask_follow(rng: random.Random, concept: PocketConcept, keys: Sequence[str], before: Question) -> Question:
    """A question with a pronoun behind turns about the same concept; ``before`` is the turn that names it.

    ``keys``: what the turns after ``before`` ask, the last of them is the question itself.
    """
    it, its = rng.choice(wording.PRONOUNS)
    turns = [(before.text, before.answer)]
    asked = before
    for key in keys:
        text = rng.choice(wording.FOLLOW_QUESTIONS[key]).format(t=it, s=its)
        asked = replace(ask_about(rng, concept, key), text=text)
        turns.append((asked.text, asked.answer))
    return replace(asked, kind="follow", history=tuple(turns[:-1]))


def ask_here(rng: random.Random, shown: Sequence[Shown], asked: PocketConcept) -> Question:
    """Is this concept in the scene? The answer says how it looks, then who is seen, then the verdict."""
    name = asked.name
    here = name in {one.name for one in shown}
    verdict = f"{name} is here" if here else f"{name} is not here"
    bar = f"{name} is not here" if here else f"{name} is here"
    text = rng.choice(wording.HERE_QUESTIONS).format(n=name)
    seen = list_seen(shown, [", yes" if one.name == name else ", no" for one in shown])
    answer = f"{remembered(asked)} I see {seen}. {verdict}."
    return Question("recognise", text, answer, (verdict,), (bar,), 2, (name,))


def ask_who(
    rng: random.Random, shown: Sequence[Shown], place: int, concepts: Sequence[PocketConcept]
) -> Question:
    """Who stands at this place? Right if the verdict is the name, and no other name of the ``concepts``.

    The answer says whom of them the figure brings to mind (`_introduce`): category and body colour decide,
    and no two of them may share both.
    """
    one = shown[place]
    where = PLACES_IN_SCENE[len(shown)][place]
    text = rng.choice(wording.WHO_QUESTIONS).format(p=where)
    answer = introduce(one, f"{where} ", concepts)
    others = tuple(VERDICT.format(c.name) for c in concepts if c.name != one.name)
    needs = (VERDICT.format(one.name or NOBODY),)
    return Question("who", text, answer, needs, others, len(concepts), (one.name,) if one.name else ())


def ask_caption(rng: random.Random, shown: Sequence[Shown], concepts: Sequence[PocketConcept]) -> Question:
    """Who is in the picture? Right if all ``concepts`` who are there are found, and no other one."""
    names = tuple(one.name for one in shown if one.name)
    absent = tuple(VERDICT.format(c.name) for c in concepts if c.name not in names)
    text = rng.choice(wording.CAPTION_QUESTIONS)
    answer = " ".join(introduce(one, place_of(i, len(shown)), concepts) for i, one in enumerate(shown))
    needs = tuple(VERDICT.format(name) for name in names)
    return Question("caption", text, answer, needs, absent, 2 ** len(concepts), names)


def ask_compare(
    rng: random.Random, a: PocketConcept, b: PocketConcept, key: str, options: float = 2
) -> Question:
    """A question over two concepts: the same emblem?, or who has this fact? Both sides, then the verdict."""
    if key == "emblem":
        same = a.look.emblem == b.look.emblem
        text = rng.choice(wording.SAME_QUESTIONS).format(a=a.name, b=b.name)
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
    text = rng.choice(wording.WHICH_QUESTIONS[key]).format(v=value, a=a.name, b=b.name)
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
    texts = [t for group in wording.FACT_QUESTIONS.values() for t in group]
    texts += [*wording.EMBLEM_QUESTIONS, *wording.WORN_QUESTIONS, *wording.BODY_QUESTIONS]
    return Question(
        "unknown",
        rng.choice(texts).format(n=name),
        f"{name} is unknown to me.",
        (f"{name} is unknown",),
        (),
        2,
        (name,),
    )
