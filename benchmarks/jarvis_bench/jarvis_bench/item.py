"""What is asked: one question with its pictures, its options, the right answer, and where it is from."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

__all__ = ["LETTERS", "TASKS", "Clip", "Form", "Item", "Picture", "Source", "Task"]

Task = Literal["recognition", "vqa", "caption", "text", "video"]
TASKS: Final[tuple[Task, ...]] = ("recognition", "vqa", "caption", "text", "video")
Form = Literal["yes_no", "choice", "open", "caption"]
LETTERS: Final = "ABCDEFGHIJ"
"""Names of options, in the order in which they are shown."""

_NAMELESS: Final = ("yes_no", "caption")  # forms that a task has always

Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Id = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=1_000)]


class Value(BaseModel):
    """A value that never changes; what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Picture(Value):
    """An image file of a data set.

    Attributes:
        path: below the root of the data set, parts parted by ``/``.
        digest: SHA-256 of the upright RGB pixels (`jarvis_retrievers.pixel_digest`), as exact copies have.
        look: `jarvis_bench.looks.look_of` the image: near that of copies saved anew or made smaller.
    """

    path: Words
    digest: Hex
    look: Hex


class Clip(Value):
    """A video file of a data set: its path as in `Picture`, and the SHA-256 of its bytes."""

    path: Words
    digest: Hex


class Source(Value):
    """Where an item is from.

    Attributes:
        file: the file below the root that holds the question, or the folder of a picture asked by protocol.
        key: where in that file.
        doubt: why the published answer is doubted, empty where it is not.
    """

    file: str
    key: str = ""
    doubt: str = ""


class Item(Value):
    """One question.

    Attributes:
        id: of its own in the data set.
        task: what is measured; several ``concepts`` make it the multi-concept version of the task.
        kind: the data set's own word for it, such as ``mi_sq`` or ``Negative (Hard)``.
        split: the data set's own word, such as ``test``.
        question: without its options and without an instruction about the form of the answer.
        concepts: ids of those that are asked about, or, for a caption, of those that have to be named.
        history: earlier questions and answers that it goes on from.
        images: what the question is about, in order.
        video: the same, moving.
        options: their texts, without letters; empty if the answer is free.
        answer: the letter of the right option; ``yes`` or ``no`` for recognition; the reference of a free
            answer or of a caption, which may be empty for a caption.
        fact: what is asked for, where several items ask for the same in other words; empty otherwise.
        needs, bars: phrases that a right free answer holds, and must not hold. Without ``needs`` the
            reference itself is looked for (`jarvis_bench.judging`).
    """

    id: Id
    task: Task
    kind: str = ""
    split: str = "test"
    question: Words
    concepts: tuple[str, ...] = ()
    history: tuple[tuple[str, str], ...] = ()
    images: tuple[Picture, ...] = ()
    video: Clip | None = None
    options: tuple[Words, ...] = Field(default=(), max_length=len(LETTERS))
    answer: str = ""
    fact: str = ""
    needs: tuple[Words, ...] = ()
    bars: tuple[Words, ...] = ()
    source: Source

    @property
    def form(self) -> Form:
        """In which form it is answered."""
        if self.task == "recognition":
            return "yes_no"
        if self.task == "caption":
            return "caption"
        return "choice" if self.options else "open"

    @property
    def group(self) -> str:
        """The line of the table that it counts in, such as ``multi vqa choice``."""
        parts = (
            "multi" if len(self.concepts) > 1 else "",
            self.task,
            "" if self.form in _NAMELESS else self.form,
        )
        return " ".join(part for part in parts if part)

    @property
    def unit(self) -> str:
        """Items of one unit depend on each other: they show the same, or ask for the same fact."""
        shown = [image.digest for image in self.images] + ([self.video.digest] if self.video else [])
        return self.fact or " ".join(shown) or self.id

    @property
    def rotations(self) -> int:
        """How many times it is asked: once for each order of the options that a rotation gives."""
        return max(1, len(self.options))

    @model_validator(mode="after")
    def _fits(self) -> Item:
        problem = self._problem()
        if problem:
            raise ValueError(f"item {self.id!r}: {problem}")
        return self

    def _problem(self) -> str:
        pictured, form = bool(self.images), self.form
        if form == "choice" and self.answer not in tuple(LETTERS[: len(self.options)]):
            return f"the answer {self.answer!r} is the letter of none of the {len(self.options)} options"
        if form == "choice" and len(set(self.options)) < max(2, len(self.options)):
            return "options are alike, or there is only one"
        if form == "yes_no" and self.answer not in ("yes", "no"):
            return f"recognition is answered by 'yes' or 'no', not {self.answer!r}"
        if form == "open" and not (self.answer or self.needs):
            return "a free answer has neither a reference nor phrases that it needs"
        if form in ("yes_no", "caption") and not (pictured and self.concepts):
            return f"{self.task} needs a picture and the concepts that are asked about"
        if (self.task == "video") != (self.video is not None):
            return "a video belongs to the task 'video', and no other"
        if (self.task == "text") == pictured and self.task in ("text", "vqa"):
            return "'vqa' has a picture and 'text' has none"
        return ""
