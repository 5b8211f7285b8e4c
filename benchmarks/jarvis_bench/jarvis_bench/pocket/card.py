"""The data card of a split: what is in it, what a guess is worth, and what to know of its figures."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Final

from .splits import Drawn

__all__ = ["card_of"]

_TRAPS: Final = """\
Names, and combinations of kind, colour and emblem, are of the part that training never draws; kinds,
colours, emblems and words are those of training, so a figure says nothing of real photos. A stranger in a
picture is as often as not a look-alike of somebody known. Options are those of others who are known wherever
there are such. A free answer is right if it holds the words of the key and none that it bars: "a star in
red" is not read as "red star". An answer that names everybody has full caption recall; see precision beside
it."""


def card_of(drawn: Drawn) -> str:
    """A few lines of text with a table of counts."""
    items, paper = drawn.paper.items, drawn.paper
    counts = Counter((item.group, item.kind) for item in items)
    lines = [drawn.about, "", f"{len(paper.concepts)} concepts, {sum(map(len, drawn.photos))} photos."]
    for (group, kind), count in sorted(counts.items()):
        chance = statistics.fmean(paper.chances[group, kind])
        said = f"a guess is right in {100 * chance:.1f} %"
        if group.startswith("recognition"):
            yes = sum(item.answer == "yes" for item in items if item.group == group)
            said = f"yes is right in {100 * yes / count:.1f} %"
        if kind == "caption":
            said = "all names are full recall"
        lines.append(f"- {group}, {kind}: {count}; {said}")
    return "\n".join([*lines, "", _TRAPS])
