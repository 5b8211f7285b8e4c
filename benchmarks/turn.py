"""One turn of a scripted conversation: what the user says, and what has to come of it."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from benchmarks.expected import Expected
from jarvis_pocket.ask import Question

__all__ = ["Plain", "ScriptTurn", "Truth"]


@dataclass(frozen=True)
class Truth:
    """A reply that is right."""

    kind: str
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plain:
    """A question as Pocket World asks it, nobody left to guess, and whose segments answer it."""

    question: Question
    about: tuple[str, ...]
    images: tuple[Image.Image, ...] = ()


@dataclass(frozen=True)
class ScriptTurn:
    """One turn of the user.

    Attributes:
        sort: what the turn tries.
        text, images: what the user says and shows.
        expected: what has to come of it.
        truth: a reply that is right.
        plain: the same, asked plainly; all of them have to be answered. Empty where nothing is asked.
        about_gone: whether it asks about somebody who was forgotten.
    """

    sort: str
    text: str
    expected: Expected
    truth: Truth
    images: tuple[Image.Image, ...] = ()
    plain: tuple[Plain, ...] = ()
    about_gone: bool = False
