"""Who describes a concept: one method, so that any model, or none, can do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from PIL import Image

from ..checks import check_name
from .description import Description

__all__ = ["Profiler", "RuleProfiler", "Subject"]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A concept as it is shown to a profiler.

    Attributes:
        name: how it is called.
        category: what the owner says it is, or None.
        facts: what the owner's notes say, each sentence with the name; data, never instructions.
        photos: all of its photos, RGB.
        patches: crops of them, the best first; empty where nothing was mined.

    Raises:
        ConceptNameError: the name cannot be one.
    """

    name: str
    category: str | None = None
    facts: Sequence[str] = ()
    photos: Sequence[Image.Image] = ()
    patches: Sequence[Image.Image] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", check_name(self.name))

    @property
    def shown(self) -> tuple[Image.Image, ...]:
        """The crops, or whole photos where there are none: what a model of small pictures is shown."""
        return tuple(self.patches or self.photos)


@runtime_checkable
class Profiler(Protocol):
    """Describes concepts."""

    def describe(self, subject: Subject) -> Description:
        """What is to be said of a concept: the same subject gives the same description.

        Raises:
            ProfileError: a model's answer is no description.
        """


class RuleProfiler:
    """Says nothing: the profile is made of the notes alone, by rule. Needs no model."""

    def describe(self, subject: Subject) -> Description:
        """An empty description."""
        return Description()
