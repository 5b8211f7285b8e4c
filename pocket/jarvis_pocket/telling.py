"""How answers tell of looks: what is seen first, then whom it brings to mind, and the verdict last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jarvis_pocket.world import Look, PocketConcept

__all__ = [
    "NOBODY",
    "PLACES_IN_SCENE",
    "VERDICT",
    "Shown",
    "article",
    "introduce",
    "list_seen",
    "place_of",
    "remembered",
]

PLACES_IN_SCENE: dict[int, tuple[str, ...]] = {
    1: ("in the picture",),
    2: ("on the left", "on the right"),
    3: ("on the left", "in the middle", "on the right"),
}
NOBODY = "a stranger"
VERDICT = "It is {}"


class Shown(NamedTuple):
    """Somebody in a picture: the look, the name (None: a stranger), whether a cushion hides the emblem."""

    look: Look
    name: str | None
    hidden: bool = False


def article(words: str) -> str:
    """The words with "a" or "an" before them."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def place_of(index: int, count: int) -> str:
    """Where a figure stands, with a space behind it: ``"on the left "``; nothing if it is alone."""
    return f"{PLACES_IN_SCENE[count][index]} " if count > 1 else ""


def _seen(look: Look, hidden: bool = False) -> str:
    return f"a {look.body} with {article(look.worn)}" + ("" if hidden else f" and {article(look.emblem)}")


def remembered(concept: PocketConcept, hidden: bool = False) -> str:
    """How a concept looks, a sentence for each part, the emblem only if it is to be compared."""
    name, look = concept.name, concept.look
    emblem = "" if hidden else f" {name} has {article(look.emblem)}."
    return f"{name} is a {look.body}. {name} wears {article(look.worn)}.{emblem}"


def introduce(one: Shown, where: str, concepts: Sequence[PocketConcept]) -> str:
    """Who stands somewhere: the look, whom it brings to mind and how that one looks, then the verdict.

    Whom a look brings to mind is easy to find, also for a stranger; that it is not the same one shows once
    both looks are told.

    Args:
        one: the figure.
        where: a place with a space behind it, or nothing.
        concepts: who is known, at least one.
    """
    alike = max(concepts, key=lambda concept: _likeness(concept.look, one.look))
    seen = f"{where}{_seen(one.look, one.hidden)}"
    nearest = f"Like a {one.look.colour} {one.look.category}: {alike.name}."
    verdict = VERDICT.format(one.name or NOBODY)
    return f"{seen[0].upper()}{seen[1:]}. {nearest} {remembered(alike, one.hidden)} {verdict}."


def _likeness(a: Look, b: Look) -> int:
    """How much two looks have in common; what a body is and its colour weigh most."""
    details = ("pattern", "accessory", "accessory_colour", "glyph", "glyph_colour")
    same: int = sum(getattr(a, key) == getattr(b, key) for key in details)
    return 8 * (a.category == b.category) + 6 * (a.colour == b.colour) + same


def list_seen(shown: Sequence[Shown], remarks: Sequence[str]) -> str:
    """Who is in a scene from left to right: place and look, and behind each a remark."""
    return "; ".join(
        f"{place_of(i, len(shown))}{_seen(one.look, one.hidden)}{remark}"
        for i, (one, remark) in enumerate(zip(shown, remarks, strict=True))
    )
