"""A household to try things out on: seven concepts with photos and notes, and questions about them.

The folder of a household holds ``household.json``, ``photos/`` and ``scenes/``. The one that ships is drawn
by `jarvis_pocket.homestead`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from pydantic import BaseModel, ConfigDict, ValidationError

from jarvis_pocket.ask import Kind, Question

__all__ = [
    "NOTES_FILE",
    "DrawnHousehold",
    "Household",
    "HouseholdConcept",
    "HouseholdQuestion",
    "load_household",
    "save_household",
]

NOTES_FILE = "household.json"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HouseholdConcept(_Value):
    """What is told about one concept: its name, its photos, and a note in plain sentences."""

    name: str
    photos: tuple[Path, ...]
    about: str


class HouseholdQuestion(_Value):
    """One question.

    Attributes:
        kind: as in `jarvis_pocket.ask`.
        question: its text.
        image: the picture that goes with it, or None.
        answer: the full right answer.
        needs: phrases that an answer must hold to be right.
        bars: phrases that it must not hold.
        options: the number of equally likely keys: 1 / options is the chance of a guess.
        about: names of the concepts that are asked about.
    """

    kind: Kind
    question: str
    image: Path | None
    answer: str
    needs: tuple[str, ...]
    bars: tuple[str, ...]
    options: float
    about: tuple[str, ...]

    @classmethod
    def of(cls, asked: Question, image: Path | None = None) -> HouseholdQuestion:
        """A question of `jarvis_pocket.ask`, with its picture."""
        return cls(
            kind=asked.kind,
            question=asked.text,
            image=image,
            answer=asked.answer,
            needs=asked.needs,
            bars=asked.bars,
            options=asked.options,
            about=asked.about,
        )

    def right(self, answer: str) -> bool:
        """Whether an answer counts, as `jarvis_pocket.ask.Question.right` says."""
        return Question(
            self.kind, self.question, self.answer, self.needs, self.bars, self.options, self.about
        ).right(answer)


class Household(_Value):
    """Concepts and the questions about them; paths are relative to its folder until `within` is called."""

    concepts: tuple[HouseholdConcept, ...]
    questions: tuple[HouseholdQuestion, ...]

    def within(self, folder: Path) -> Household:
        """The same household, its paths behind ``folder``."""
        concepts = tuple(
            c.model_copy(update={"photos": tuple(folder / p for p in c.photos)}) for c in self.concepts
        )
        questions = tuple(
            q.model_copy(update={"image": folder / q.image}) if q.image else q for q in self.questions
        )
        return Household(concepts=concepts, questions=questions)

    @property
    def files(self) -> tuple[Path, ...]:
        """All pictures that it names."""
        photos = tuple(photo for concept in self.concepts for photo in concept.photos)
        return photos + tuple(question.image for question in self.questions if question.image)


@dataclass(frozen=True)
class DrawnHousehold:
    """A household with its pictures (RGB) by their relative paths."""

    household: Household
    pictures: dict[Path, Image.Image]


def load_household(folder: Path) -> Household:
    """The household in a folder; its paths come back with the folder before them.

    Raises:
        ValueError: there is no ``household.json``, it is not as it must be, or a picture that it names is
            missing.
    """
    file = folder / NOTES_FILE
    try:
        household = Household.model_validate_json(file.read_bytes()).within(folder)
    except OSError as error:
        raise ValueError(
            f"no household in {folder}: {NOTES_FILE} cannot be read ({error.strerror}); "
            "draw one with python -m jarvis_pocket.homestead --out FOLDER"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ValueError(f"{file} is not right at {where}: {first['msg']}; mend it there") from error
    missing = [path for path in household.files if not path.is_file()]
    if missing:
        raise ValueError(f"{file} names {missing[0]}, which is not there; draw the household again")
    return household


def save_household(drawn: DrawnHousehold, folder: Path) -> None:
    """Write a drawn household; files of the same names are replaced.

    Raises:
        OSError: the folder cannot be written.
    """
    for path, picture in drawn.pictures.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        picture.save(folder / path, format="PNG", optimize=True)
    text = json.dumps(drawn.household.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (folder / NOTES_FILE).write_text(text + "\n", encoding="utf-8")
