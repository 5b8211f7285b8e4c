"""The card of a built data set: how many questions were proposed and kept, and what to know of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from .gather import Gathered
from .proposal import FORMS
from .provenance import Provenance

__all__ = ["card_of"]

_TRAPS: Final = """\
Answers are what the model itself said, the same on all photos and in all wordings: where it is always wrong
in the same way, the key is wrong. A model that is asked questions of its own has an advantage over other
models; compare methods with one model, or look at the items first. What is dropped as answered without a
memory was tried with this model, another one may guess it. A free answer is right if it holds the reference
and none of the answers of others. Details that the photos do not agree on are not asked about, so that these
questions are easier than questions that somebody would choose. `provenance.jsonl` says of each item which
photos and boxes were shown, what was asked and said, and what was tried."""


def card_of(provenance: Provenance, gathered: Gathered, left: Mapping[str, int]) -> str:
    """A few lines of text with two tables."""
    photos = sum(len(one.photos) for one in gathered.concepts)
    models = "; ".join(f"{what}: {value}" for what, value in provenance.models.items())
    lines = [
        f"Questions about details on photos of {len(gathered.concepts)} concepts ({photos} photos).",
        "",
        models,
        "",
        "| form | proposed | kept |",
        "| --- | --- | --- |",
    ]
    proposed = Counter(one.form for one in provenance.proposals)
    kept = Counter(one.form for one in provenance.proposals if one.kept)
    lines += [f"| {form} | {proposed[form]} | {kept[form]} |" for form in FORMS]
    lines += ["", "| dropped because | items |", "| --- | --- |"]
    lines += [f"| {why} | {count} |" for why, count in provenance.dropped.items()]
    if left:
        lines += ["", "| left out of the photos | count |", "| --- | --- |"]
        lines += [f"| {why} | {count} |" for why, count in sorted(left.items())]
    return "\n".join([*lines, "", _TRAPS])
