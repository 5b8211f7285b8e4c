"""Gathering items out of published files: what cannot be an item is left out and counted, never repaired."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import ValidationError

from jarvis_retrievers.errors import DatasetError, InputError

from ..dataset import BenchConcept, Dataset
from ..item import LETTERS, Item, Picture, Source
from .tree import Tree

__all__ = ["Gatherer", "lettered", "mapping", "placed", "references", "rerooted"]

_PLACEHOLDER: Final = re.compile(r"<sks>|(?<![\w<])sks(?![\w>])")
_MARK: Final = re.compile(r"(?<![\w.(])\(?([A-J])[.):]\s+")


class Gatherer:
    """Items of one data set, in the making."""

    def __init__(self, tree: Tree, concepts: Sequence[BenchConcept]) -> None:
        self.tree = tree
        self.concepts = tuple(concepts)
        self.known = {concept.id: concept for concept in concepts}
        self.items: list[Item] = []

    def leave(self, why: str, count: int = 1) -> None:
        """Count something that is left out."""
        self.tree.left_out[why] += count

    def add(self, **fields: Any) -> None:
        """Add an item, or leave it out if it cannot be asked."""
        try:
            self.items.append(Item(**fields))
        except ValidationError as error:
            what = error.errors()[0]["msg"].rpartition(": ")[2]
            self.leave(f"{fields['source'].file}: {what}")

    def recognise(
        self, picture: Picture, asked: Sequence[str], here: bool, question: str, kind: str = ""
    ) -> None:
        """Whether all of some concepts are in a picture."""
        names = " and ".join(self.known[one].name for one in asked)
        self.add(
            id=f"recognition/{picture.path}/{'+'.join(asked)}",
            task="recognition",
            kind=kind,
            question=question.format(names=names),
            concepts=tuple(asked),
            images=(picture,),
            answer="yes" if here else "no",
            source=Source(file=str(PurePosixPath(picture.path).parent), key=PurePosixPath(picture.path).name),
        )

    def caption(self, picture: Picture, there: Sequence[str], reference: str = "", kind: str = "") -> None:
        """A caption that has to name who is there."""
        self.add(
            id=f"caption/{picture.path}",
            task="caption",
            kind=kind,
            question="Describe the picture in one sentence, and name those whom you know.",
            concepts=tuple(there),
            images=(picture,),
            answer=reference,
            source=Source(file=str(PurePosixPath(picture.path).parent), key=PurePosixPath(picture.path).name),
        )

    def dataset(self, name: str, licence: str, card: str) -> Dataset:
        """What was gathered.

        Raises:
            DatasetError: nothing, or concepts or items that are there twice.
        """
        if not self.items:
            raise self.tree.wrong(self.tree.layout)
        try:
            return Dataset(
                name=name,
                root=self.tree.root,
                concepts=self.concepts,
                items=tuple(self.items),
                licence=licence,
                card=card,
                left_out=self.tree.told(),
            )
        except ValidationError as error:
            raise DatasetError(f"{self.tree.root}: {error.errors()[0]['msg']}") from error


def mapping(value: object, where: str) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        DatasetError: something else.
    """
    if not isinstance(value, dict):
        raise DatasetError(
            f"{where}: expected a JSON object, found {type(value).__name__}; is it another file?"
        )
    return value


def placed(text: str, name: str) -> str:
    """A question with a name for the placeholder, which is ``<sks>`` in some copies and ``sks`` in others."""
    return _PLACEHOLDER.sub(lambda _: name, text.replace("<image>", "")).strip()


def references(images: Sequence[str], views: int) -> Sequence[str]:
    """The first of some images: those that show a concept to a method.

    Raises:
        InputError: ``views`` below 1.
    """
    if views < 1:
        raise InputError(f"views is at least 1, got {views}")
    return images[:views]


def rerooted(tree: Tree, path: str, tops: Iterable[str], base: str) -> str | None:
    """The path of an image that is named relative to a folder of its publishers, or None if it is not there.

    All before the first of the folders ``tops`` is dropped and ``base`` put in its place.

    Raises:
        DatasetError: the path leads out of the root.
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    start = next((place for place, part in enumerate(parts) if part in set(tops)), 0)
    rest = "/".join(parts[start:])
    found = f"{base}/{rest}" if base else rest
    return found if tree.at(found).is_file() else None


def lettered(text: str) -> tuple[str, tuple[str, ...]] | None:
    """A question and the options that stand behind it as ``A. red. B. blue``; None where there are none."""
    marks = list(_MARK.finditer(text))
    # The letters in order, from the last A on: an earlier "A." may be a word of the question.
    for place, first in reversed(list(enumerate(marks))):
        used = marks[place:]
        if first[1] == "A" and len(used) > 1 and "".join(mark[1] for mark in used) == LETTERS[: len(used)]:
            break
    else:
        return None
    ends = [mark.start() for mark in used[1:]] + [len(text)]
    options = tuple(
        text[mark.end() : end].strip().rstrip(".;,") for mark, end in zip(used, ends, strict=True)
    )
    question = text[: used[0].start()].strip()
    return (question, options) if question and all(options) else None
