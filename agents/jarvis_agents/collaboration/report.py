"""What the small model reports: per concept and picture whether it is there, where, and how it looks."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .prompts import PROMPTS_VERSION

__all__ = ["PLACES", "Claim", "Place", "Report", "Unsure", "Where"]

Place = Literal["left", "middle", "right"]
PLACES: tuple[Place, ...] = ("left", "middle", "right")


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Where(_Value):
    """Where a concept is in a picture.

    Attributes:
        absolute: the third of the picture's width that it stands in.
        relative: to others of the report, ``"to the left of Mimi"``; none where they stand in one third.
    """

    absolute: Place
    relative: tuple[str, ...] = ()


class Claim(_Value):
    """One concept in one picture.

    Attributes:
        concept: its name.
        picture: which picture, counted from 1.
        present: whether it is there.
        where: only of one that is there; None if no place held.
        attributes: how the concept looks, as its profile says or the small model remembers it.
    """

    concept: str = Field(min_length=1)
    picture: int = Field(ge=1)
    present: bool
    where: Where | None = None
    attributes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.where is not None and not self.present:
            raise ValueError("a concept that is absent is nowhere; leave out where")
        return self


class Unsure(_Value):
    """A concept of which neither presence nor absence held: the claim was dropped."""

    concept: str = Field(min_length=1)
    picture: int = Field(ge=1)


class Report(_Value):
    """What stands after reflection; strict JSON: a round trip gives an equal report, nothing is converted.

    Attributes:
        version: of the prompts that it was made with.
        claims: that hold, picture by picture.
        unsure: whose claim was dropped.
    """

    version: str = PROMPTS_VERSION
    claims: tuple[Claim, ...] = ()
    unsure: tuple[Unsure, ...] = ()

    def of(self, concept: str, picture: int = 1) -> Claim | None:
        """The claim about a concept in a picture; None if there is none."""
        return next((c for c in self.claims if c.concept == concept and c.picture == picture), None)
