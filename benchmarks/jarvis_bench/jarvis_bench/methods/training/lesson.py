"""One thing that a model is taught to say."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

__all__ = ["Lesson"]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One thing that a model is taught to say.

    Attributes:
        shown: names of the concepts that are shown before the question, in order.
        question: as the model is asked it.
        answer: what it shall say.
        images: what the question is about.
        history: earlier questions and answers.
    """

    shown: tuple[str, ...]
    question: str
    answer: str
    images: tuple[Image.Image, ...] = ()
    history: tuple[tuple[str, str], ...] = ()
