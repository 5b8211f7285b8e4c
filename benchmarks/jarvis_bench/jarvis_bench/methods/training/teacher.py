"""Lessons from what a method is told: the frozen model, shown photos and notes, says what is to be learned.

As in Yo'LLaVA (arXiv 2406.09400, section 3.3): answers to set questions come from the model itself, which
sees the photo that it is asked about; pictures of other concepts and of strangers that look alike are
negatives. Who is in a picture is known from whose photo it is; what the model says otherwise is left out.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from ...item import Form
from ...method import Introduction, Query
from ..prompted import padded
from .keep import digest_of, kept
from .lesson import Lesson
from .soft import told_of
from .strangers import draw_strangers

if TYPE_CHECKING:
    from jarvis_memory.kv import Context

    from ..models import Models

__all__ = ["Lectures", "Teacher", "lectures"]

_AT_ONCE: Final = 16
_MOST_TOKENS: Final = 160
_PLAIN: Final = (
    "What is {n}?",
    "Describe {n}.",
    "What does {n} look like?",
    "What does {n} wear?",
    "What is special about {n}?",
)
_PLAIN_NOTES: Final = ("What do you know about {n}?", "Tell me about {n}.")
_PLAIN_HERE: Final = "Is {n} in this picture?\nAnswer with Yes or No."
_PLAIN_CAPTION: Final = "Who is in this picture?\nName those you know."


@dataclass(frozen=True, slots=True)
class Lectures:
    """Lessons of one concept.

    Attributes:
        told: about its notes, without a picture.
        looks: about its looks, without a picture.
        seen: about pictures: whether it is there, and who is.
    """

    told: tuple[Lesson, ...]
    looks: tuple[Lesson, ...]
    seen: tuple[Lesson, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A picture, who is on it from left to right ("" is a stranger), and of whom the model is told."""

    image: Image.Image
    names: tuple[str, ...]
    told: tuple[str, ...]


def lectures(models: Models, concepts: Sequence[Introduction]) -> Mapping[str, Lectures]:
    """Lessons of all concepts by name, made once for all methods with these models."""
    return kept(models, "lectures/" + digest_of(concepts, {}), lambda: Teacher(models, concepts).all())


class Teacher:
    """Asks the frozen model.

    Args:
        models: the model and the encoder.
        concepts: who is known; those without any photo are left out.
        seed: of who stands beside whom.
    """

    def __init__(self, models: Models, concepts: Sequence[Introduction], seed: int = 0) -> None:
        self._models, self._node = models, models.photo_vlm
        self._known = {one.name: one for one in concepts if one.photos}
        self._strangers = draw_strangers(models)
        self._rng = random.Random(f"teacher/{seed}")
        self._pocket = models.voice.name == "pocket"

    def all(self) -> Mapping[str, Lectures]:
        """Lessons by name."""
        facts, looks = self._questions()
        return {
            name: Lectures(self._told(name, facts), self._told(name, looks), self._seen(name))
            for name in self._known
        }

    def _told(self, name: str, questions: Sequence[str]) -> tuple[Lesson, ...]:
        asked = [words.format(n=name) for words in questions]
        shown = [_Shown(Image.new("RGB", (1, 1)), (), (name,))] * len(asked)
        said = self._said(shown, asked, pictures=False)
        return tuple(Lesson((name,), *pair) for pair in zip(asked, said, strict=True) if pair[1])

    def _questions(self) -> tuple[Sequence[str], Sequence[str]]:
        """About notes, and about looks."""
        if not self._pocket:
            return _PLAIN_NOTES, _PLAIN
        from jarvis_pocket import wording

        groups = (*wording.FACT_QUESTIONS.values(), wording.FRIEND_QUESTIONS)
        looks = (wording.EMBLEM_QUESTIONS, wording.WORN_QUESTIONS, wording.BODY_QUESTIONS)
        facts = [words for group in groups for words in group]
        return facts, [words for group in looks for words in group]

    def _seen(self, name: str) -> tuple[Lesson, ...]:
        pictures = self._pictures(self._known[name])
        lots: tuple[tuple[Form, Sequence[_Shown]], ...]
        lots = (("yes_no", pictures), ("caption", pictures[::2]), ("open", pictures[1::2]))
        return tuple(lesson for form, some in lots for lesson in self._checked(name, some, form))

    def _pictures(self, one: Introduction) -> list[_Shown]:
        """Its photos, alone and beside others; the nearest others and strangers; see the module."""
        encoder, rng = self._models.encoder, self._rng
        vectors = encoder.encode_images(one.photos)
        others = [other for other in self._known.values() if other is not one]
        near = encoder.encode_images([other.photos[0] for other in others])
        order = np.argsort(-(near @ vectors.T).max(axis=1, initial=-1), kind="stable")
        likely = [others[place] for place in order[: len(one.photos)]]
        strange = self._strangers.like(vectors, 2 * len(one.photos))
        shown = [_Shown(photo, (one.name,), (one.name,)) for photo in one.photos]
        shown += [_Shown(other.photos[0], (other.name,), (one.name, other.name)) for other in likely]
        shown += [_Shown(image, ("",), (one.name,)) for image in strange[: len(one.photos)]]
        beside = [(rng.choice(other.photos), other.name) for other in rng.sample(others, len(likely))]
        beside += [(image, "") for image in strange[len(one.photos) :]]
        for photo, (image, name) in zip([*one.photos] * 2, beside, strict=False):
            pair = [(photo, one.name), (image, name)]
            rng.shuffle(pair)
            told = [named for _, named in pair if named]
            rng.shuffle(told)
            names = tuple(named for _, named in pair)
            shown.append(_Shown(_abreast([image for image, _ in pair]), names, tuple(told)))
        return shown

    def _checked(self, name: str, pictures: Sequence[_Shown], form: Form) -> list[Lesson]:
        """What is said right of pictures in one form of an answer."""
        if not self._pocket:
            return _plain_lessons(name, pictures, form)
        from jarvis_pocket import wording
        from jarvis_pocket.telling import NOBODY, PLACES_IN_SCENE

        words = {
            "yes_no": wording.HERE_QUESTIONS,
            "caption": wording.CAPTION_QUESTIONS,
            "open": wording.WHO_QUESTIONS,
        }[form]
        asked, right = [], []
        for number, one in enumerate(pictures):
            place = self._rng.randrange(len(one.names))
            where = PLACES_IN_SCENE[len(one.names)][place]
            asked.append(words[number % len(words)].format(n=name, p=where))
            called = [named or NOBODY for named in one.names]
            here = "Yes" if name in one.names else "No"
            right.append({"yes_no": here, "caption": ", ".join(called), "open": called[place]}[form])
        lessons = []
        for one, question, verdict, answer in zip(
            pictures, asked, right, self._said(pictures, asked), strict=True
        ):
            query = Query("", "vqa", form, question, question)
            if self._models.voice.told(query, answer) == verdict:
                lessons.append(Lesson(one.told, question, answer, (one.image,)))
        return lessons

    def _said(self, shown: Sequence[_Shown], asked: Sequence[str], *, pictures: bool = True) -> list[str]:
        """What the model says, told of those that it is to be told of."""
        from jarvis_memory.vlm import Query as Asked

        contexts = {told: self._context(told) for told in dict.fromkeys(one.told for one in shown)}
        queries = [
            Asked(contexts[one.told], question, (one.image,) if pictures else (), _MOST_TOKENS)
            for one, question in zip(shown, asked, strict=True)
        ]
        return [said.text.strip() for said in self._node.generate_many(queries, _AT_ONCE)]

    def _context(self, names: Sequence[str]) -> Context:
        from jarvis_memory.kv import Mode
        from jarvis_memory.vlm import SegmentSource

        sources = []
        for name in names:
            one = self._known[name]
            squares = tuple(padded(photo, self._models.photo_side) for photo in one.photos)
            sources.append(SegmentSource(name, told_of(one), squares))
        return self._node.context(sources, Mode.EXACT)


def _plain_lessons(name: str, pictures: Sequence[_Shown], form: Form) -> list[Lesson]:
    """For models that follow instructions the truth is the answer."""
    lessons = []
    for one in pictures:
        if form == "yes_no":
            here = "Yes" if name in one.names else "No"
            lessons.append(Lesson(one.told, _PLAIN_HERE.format(n=name), here, (one.image,)))
        elif form == "caption" and name in one.names:
            named = ", ".join(each for each in one.names if each)
            lessons.append(Lesson(one.told, _PLAIN_CAPTION, named, (one.image,)))
    return lessons


def _abreast(images: Sequence[Image.Image]) -> Image.Image:
    """Pictures as squares of one size, side by side."""
    side = max(max(image.size) for image in images)
    whole = Image.new("RGB", (side * len(images), side))
    for place, image in enumerate(images):
        whole.paste(padded(image, side), (side * place, 0))
    return whole
