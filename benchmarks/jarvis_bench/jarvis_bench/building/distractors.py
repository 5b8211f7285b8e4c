"""Wrong options of a question: what concepts that look like the one asked about have in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..reading import plain_text
from .proposal import Rival

__all__ = ["alike", "choose_rivals"]


def alike(one: str, other: str) -> bool:
    """Whether two answers may be the same thing: all words of the one are in the other.

    "a red collar" is alike "the red leather collar" and "collar, red", not "a blue collar". Case, marks,
    articles and the order of words do not count. What has no words is alike everything.
    """
    words, others = set(plain_text(one).split()), set(plain_text(other).split())
    return words <= others or others <= words


def choose_rivals(answer: str, candidates: Iterable[Rival], but: Sequence[str] = ()) -> tuple[Rival, ...]:
    """The rivals whose answers can stand beside the right one, the likest first.

    None of them is alike the right answer, what ``but`` holds, or another one.
    """
    chosen: list[Rival] = []
    for rival in sorted(candidates, key=lambda one: (-one.likeness, one.concept)):
        taken = (answer, *but, *(one.answer for one in chosen))
        if not any(alike(rival.answer, one) for one in taken):
            chosen.append(rival)
    return tuple(chosen)
