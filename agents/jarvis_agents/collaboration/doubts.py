"""Questions of the large model to the small one: read strictly, and bounded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .jsons import read_object

__all__ = ["Doubt", "fresh", "read_doubts"]


class Doubt(BaseModel):
    """One question.

    Attributes:
        concept: about whom.
        picture: counted from 1.
        about: what is doubted.
        question: in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    concept: str = Field(min_length=1)
    picture: int = Field(default=1, ge=1)
    about: Literal["presence", "absence", "location"]
    question: str = Field(min_length=1, max_length=300)


def read_doubts(said: str) -> tuple[Doubt, ...] | None:
    """The questions, without those that break a rule; None if the reply has not the form at all."""
    value = read_object(said)
    asked = None if value is None else value.get("questions")
    if not isinstance(asked, list):
        return None
    doubts = []
    for one in asked:
        try:
            doubts.append(Doubt.model_validate(one))
        except ValidationError:
            continue  # a question that cannot be read is not put; the reply says which were
    return tuple(doubts)


def fresh(
    doubts: Sequence[Doubt], before: Collection[Doubt], known: Collection[tuple[str, int]], most: int
) -> tuple[Doubt, ...]:
    """At most ``most`` of them that are about a claim of the report and were not put before."""
    kept = [one for one in dict.fromkeys(doubts) if one not in before and (one.concept, one.picture) in known]
    return tuple(kept[:most])
