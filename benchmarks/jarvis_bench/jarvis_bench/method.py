"""Methods: one contract for all of them, and a reference that needs nothing.

A method is told of concepts and makes a memory of them; the memory answers queries. What it is given holds no
path, no name of a file, no id of an item and no right answer (`jarvis_bench.disguise`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from PIL import Image

from .dataset import Dataset
from .item import Form, Task
from .judging import free_answer_right

__all__ = ["BenchMemory", "ConstantMethod", "Introduction", "Method", "Query", "Reply", "Setting", "Updating"]

_TRIED: Final = 50  # of the references of free answers

Setting = str | int | float | bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Introduction:
    """What a method is told of one concept: its name, what it is, notes, and reference photos (RGB)."""

    name: str
    category: str
    notes: str
    photos: tuple[Image.Image, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What a method is asked.

    Attributes:
        id: opaque, and another one in each run.
        task, form: what is asked for, and in which form it is to be answered.
        question: the text alone.
        prompt: the text with its options and how to answer; for methods that have no words of their own.
        options: texts of the options in the order in which they are shown, A first.
        history: earlier questions and answers.
        images: what it is about, RGB.
        video: the bytes of a video file, or None.
        told: names of the concepts that are asked about, in place of retrieval (oracle retrieval); None where
            a method has to find them itself.
    """

    id: str
    task: Task
    form: Form
    question: str
    prompt: str
    options: tuple[str, ...] = ()
    history: tuple[tuple[str, str], ...] = ()
    images: tuple[Image.Image, ...] = ()
    video: bytes | None = None
    told: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a method says.

    Attributes:
        text: as it came; reading it is not the method's business.
        first_token: seconds to the first token, where the method knows; not believed if negative or longer
            than the whole call.
        loaded: bytes of memory that it used for this answer, where it knows.
        stages: seconds up to the first token by stage, in order, where it knows.
        found: names of the concepts that it took to be meant, where it looks for them.
    """

    text: str
    first_token: float | None = None
    loaded: int | None = None
    found: tuple[str, ...] | None = None
    stages: tuple[tuple[str, float], ...] = ()


class BenchMemory(Protocol):
    """A method that knows its concepts."""

    def stored(self) -> Mapping[str, int]:
        """Bytes kept for each concept, by name."""
        ...

    def answer(self, query: Query) -> Reply:
        """The answer to one query; nothing may be learned from it.

        Raises:
            jarvis_retrievers.errors.JarvisError: it cannot be answered; it counts as wrong and is told.
        """
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


@runtime_checkable
class Updating(Protocol):
    """A memory that can learn more of a concept that it knows."""

    def update(self, later: Introduction) -> None:
        """More photos, and more notes, of a concept of this name: from now on it looks as on these photos."""
        ...


class Method(Protocol):
    """A way of answering questions about personal concepts. One file each, its source and deviations told."""

    @property
    def name(self) -> str:
        """One word for tables and folders."""
        ...

    @property
    def settings(self) -> Mapping[str, Setting]:
        """All that changes answers: model, revision, seeds, thresholds. Runs of other settings never mix."""
        ...

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of these concepts; of none, if there are none: that is the control without memory."""
        ...


@dataclass(frozen=True)
class ConstantMethod:
    """The same answer always: a control that no method should fall below, the reference of the contract.

    Attributes:
        answers: what is said in each form of an answer.
    """

    answers: Mapping[Form, str]
    name: str = "constant"

    @classmethod
    def best(cls, dataset: Dataset) -> ConstantMethod:
        """One that scores high: one answer for each form, whatever is asked.

        ``Yes`` for recognition, since a method that never says it has F1 = 0. All names for a caption, which
        gives full recall. Of the commonest references of free answers the one that the rules count right most
        often. Of a choice the commonest letter: it is right under all rotations nowhere, so that this is 0 by
        construction, and tells only what the published order gives away. Of a tie the first in order wins.
        """
        counts: dict[Form, Counter[str]] = {}
        for item in dataset.items:
            counts.setdefault(item.form, Counter())[item.answer or " ".join(item.needs)] += 1
        best = {form: _commonest(said)[0] for form, said in counts.items()}
        free = [item for item in dataset.items if item.form == "open"]
        if free:
            right = {
                words: sum(bool(free_answer_right(item, words)) for item in free)
                for words in _commonest(counts["open"])
            }
            best["open"] = min(right, key=lambda words: (-right[words], words))
        fixed: dict[Form, str] = {
            "yes_no": "Yes",
            "caption": ", ".join(concept.name for concept in dataset.concepts),
        }
        return cls({form: fixed.get(form, word) for form, word in best.items()})

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The answers."""
        return {f"answer to {form}": word for form, word in sorted(self.answers.items())}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory that needs none of them."""
        return _ConstantMemory(self.answers)


@dataclass(frozen=True)
class _ConstantMemory:
    answers: Mapping[Form, str]

    def stored(self) -> Mapping[str, int]:
        return {}

    def answer(self, query: Query) -> Reply:
        return Reply(self.answers.get(query.form, ""), loaded=0)

    def close(self) -> None:
        """Nothing is held."""


def _commonest(said: Counter[str]) -> list[str]:
    return sorted(said, key=lambda words: (-said[words], words))[:_TRIED]
