"""Drawn concepts of Pocket World's training split, to learn from how any concept is told of.

A model that is not Pocket is asked the same, and answers in the form that the benchmark asks for. Drawn
pictures are far from photos: what such a model learns from them need not hold for photos.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jarvis_pocket.ask import Kind, Question
from jarvis_pocket.exam import Exam, draw_exam

from ...method import Introduction
from .lesson import Lesson

__all__ = ["Course", "draw_course", "lesson_of"]

_SIDE: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Concepts as a method is told of them, and lessons about them."""

    concepts: tuple[Introduction, ...]
    lessons: tuple[Lesson, ...]


def draw_course(
    rng: random.Random, kinds: Sequence[Kind], *, concepts: int, photos: int, shown: int, plain: bool
) -> Course:
    """A drawn memory and one lesson of each kind.

    Args:
        rng: decides on everything.
        kinds: of questions.
        concepts: who is known.
        photos: of each.
        shown: concepts before a question: those who are meant, and others up to this number, shuffled.
        plain: whether answers are short, in the form that a benchmark asks for.
    """
    exam: Exam = draw_exam(rng, kinds, "train", concepts=concepts, photos=photos, side=_SIDE)
    told = tuple(
        Introduction(one.name, "", notes, pictures)
        for one, notes, pictures in zip(exam.concepts, exam.notes, exam.photos, strict=True)
    )
    lessons = []
    for item in exam.items:
        names = [one.name for one in told if one.name in item.question.about]
        rest = [one.name for one in told if one.name not in names]
        names += rng.sample(rest, max(0, min(len(rest), shown - len(names))))
        rng.shuffle(names)
        images = (item.image,) if item.image else ()
        question, answer = lesson_of(item.question, plain=plain)
        lessons.append(Lesson(tuple(names), question, answer, images, item.question.history))
    return Course(told, tuple(lessons))


def lesson_of(asked: Question, *, plain: bool) -> tuple[str, str]:
    """A question and its answer, in Pocket's words or in plain ones."""
    if not plain:
        return asked.text, asked.answer
    if asked.kind == "recognise":
        here = "No" if "not here" in asked.needs[0] else "Yes"
        return f"{asked.text}\nAnswer with Yes or No.", here
    named = [phrase.removeprefix("It is ") for phrase in asked.needs]
    if asked.kind == "caption":
        return f"{asked.text}\nName those you know.", ", ".join(named) or "Nobody"
    return asked.text, named[0] if asked.kind == "who" else asked.answer
