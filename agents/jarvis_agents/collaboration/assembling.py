"""From what stands to a report: who is there, where, where to each other, and how they look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .reflection import Reflection
from .report import PLACES, Claim, Report, Unsure, Where

__all__ = ["assemble", "told"]

_IN_WORDS: Final = {"left": "on the left", "middle": "in the middle", "right": "on the right"}


def assemble(reflections: Sequence[Reflection], attributes: Mapping[str, Sequence[str]]) -> Report:
    """The report; ``attributes`` by name."""
    claims = []
    for one in reflections:
        if one.present is None:
            continue
        looks = tuple(attributes.get(one.concept, ())) if one.present else ()
        where = _where(one, reflections) if one.present else None
        claims.append(
            Claim(
                concept=one.concept, picture=one.picture, present=one.present, where=where, attributes=looks
            )
        )
    dropped = [one for one in reflections if one.present is None]
    return Report(
        claims=tuple(claims),
        unsure=tuple(Unsure(concept=one.concept, picture=one.picture) for one in dropped),
    )


def told(report: Report) -> list[str]:
    """The report in short sentences, for a large model that reads no JSON."""
    lines = []
    for claim in report.claims:
        lines.append(f"{claim.concept} is {'here' if claim.present else 'not here'}.")
        if claim.where is not None:
            lines.append(f"{claim.concept} is {_IN_WORDS[claim.where.absolute]}.")
    return lines


def _where(one: Reflection, others: Sequence[Reflection]) -> Where | None:
    if one.place is None:
        return None
    place, relative = PLACES.index(one.place), []
    for other in others:
        if other.picture != one.picture or other.concept == one.concept or other.place is None:
            continue
        theirs = PLACES.index(other.place)
        if other.present and theirs != place:
            relative.append(f"to the {'left' if place < theirs else 'right'} of {other.concept}")
    return Where(absolute=one.place, relative=tuple(relative))
