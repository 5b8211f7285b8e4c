"""Short questions that a model can answer of one concept, and where the words stand in its answers."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from .settings import read_settings

__all__ = ["Slot", "Slots"]

_FORMS = string.Formatter()


class Slot(BaseModel):
    """One question, and the form of its answer.

    Attributes:
        question: with ``{name}`` where the concept's name goes.
        answer: the whole answer, with ``{name}`` and one or more parts in braces. ``{category}`` is what it
            is, any other part an attribute: ``"{name} wears {scarf}."`` gives ``"scarf: blue"``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field(min_length=1, max_length=300)
    answer: str = Field(min_length=1, max_length=300)

    @field_validator("question")
    @classmethod
    def _one_name(cls, question: str) -> str:
        if _parts(question) - {"name"}:
            raise ValueError("a question has no other part in braces than {name}")
        return question

    @field_validator("answer")
    @classmethod
    def _some_part(cls, answer: str) -> str:
        parts = [part for _, part, _, _ in _FORMS.parse(answer) if part is not None and part != "name"]
        if not parts or len(set(parts)) < len(parts) or not all(part.isidentifier() for part in parts):
            raise ValueError("an answer has at least one part in braces, such as {category}, each once")
        return answer

    def asked(self, name: str) -> str:
        """The question about a concept."""
        return _filled(self.question, {"name": name})

    def read(self, name: str, said: str) -> dict[str, str]:
        """The parts of an answer, without articles; none if it has another form.

        Of two parts side by side the last one has one word.
        """
        pattern = "".join(
            re.escape(literal)
            + ("" if part is None else re.escape(name) if part == "name" else f"(?P<{part}>.+)")
            for literal, part, _, _ in _FORMS.parse(self.answer.rstrip("."))
        )
        found = re.fullmatch(pattern, " ".join(said.split()).rstrip("."), re.IGNORECASE)
        if found is None:
            return {}
        return {part: _plain(words) for part, words in found.groupdict().items() if _plain(words)}


class Slots(BaseModel):
    """The questions of a model: the file ``slots.json`` of its folder.

    Attributes:
        slots: what is asked, in this order.
        caption: how the parts that were found make one sentence; each has its article but the category.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slots: tuple[Slot, ...] = Field(min_length=1, max_length=16)
    caption: str | None = Field(default=None, min_length=1, max_length=300)

    @field_validator("caption")
    @classmethod
    def _a_form(cls, caption: str | None) -> str | None:
        _parts(caption or "")
        return caption

    @classmethod
    def read(cls, folder: Path) -> Slots | None:
        """Those of a model folder, None if it has none.

        Raises:
            SettingError: The file is there, but is not this.
        """
        example = '{"slots": [{"question": "What is {name}?", "answer": "{name} is {category}."}]}'
        return read_settings(cls, folder / "slots.json", example)

    def told(self, name: str, parts: Mapping[str, str]) -> str | None:
        """The caption; None if there is no form of one, or a part of it was not found."""
        if self.caption is None or (_parts(self.caption) - {"name"}) - set(parts):
            return None
        return _filled(self.caption, {**parts, "name": name})


def _parts(form: str) -> set[str]:
    return {part for _, part, _, _ in _FORMS.parse(form) if part is not None}


def _filled(form: str, parts: Mapping[str, str]) -> str:
    # Not str.format: a part may hold braces, and a form shall reach nothing but its parts.
    pieces = _FORMS.parse(form)
    return "".join(literal + ("" if part is None else parts[part]) for literal, part, _, _ in pieces)


def _plain(words: str) -> str:
    return re.sub(r"\A(?:an?|the)(?:\s+|\Z)", "", words.strip(), flags=re.IGNORECASE).strip(" .,;!?")
