"""Exercises in judging whether two things are the same, in text alone.

Whether somebody is here, or two emblems are the same, is decided by comparing words that the answer has said
already. Pictures make such examples dear, and one judged word drowns in an answer that is mostly read off.
A drill gives the whole answer and judges its decisive words only; it is about concepts that are not in the
context, half of the pairs are the same, and most others differ in one word.
"""

from __future__ import annotations

import random
import re

from jarvis_pocket import ask, world
from jarvis_pocket.cast import draw_cast
from jarvis_pocket.train.writer import TAIL, Writer

VERDICTS = re.compile(
    r"\b(yes|no)\b|(?<=is )(not here|here)\b|(?<=, )not the same|the same(?=\.)|(?<=It is )\w+"
)


def draw_drill(rng: random.Random, split: world.Split) -> ask.Question:
    """A question of `recognise`, `who` or `compare` about concepts that exist in it alone."""
    concepts = world.draw_concepts(rng, 3, split)
    if rng.random() < 0.5:
        a, b = concepts[:2]
        if rng.random() < 0.6:
            part = rng.choice(("same", "same", "glyph", "colour"))
            glyph = b.look.glyph if part == "glyph" else a.look.glyph
            colour = b.look.glyph_colour if part == "colour" else a.look.glyph_colour
            b = world.with_emblem(b, glyph, colour)
            return ask.ask_compare(rng, a, b, "emblem")
        keys = ask.comparable(a, b)
        return ask.ask_compare(rng, a, b, rng.choice(keys) if keys else "emblem")
    asked = concepts[0]
    cast = draw_cast(
        rng,
        concepts,
        asked,
        split,
        count=rng.randint(1, 3),
        inside=rng.random() < 0.5,
        alike=rng.random() < 0.7,
    )
    if rng.random() < 0.5:
        return ask.ask_who(rng, cast, rng.randrange(len(cast)), concepts)
    return ask.ask_here(rng, cast, asked)


def write_drill(rng: random.Random, writer: Writer, split: world.Split) -> None:
    """A drill as a block behind the context; its kind is counted apart from real questions."""
    question = draw_drill(rng, split)
    writer.open(0)
    writer.text(question.text + TAIL)
    writer.verdicts(question.answer, VERDICTS, len(ask.KINDS) + ask.KINDS.index(question.kind))
