"""Names of Pocket World: drawn freely, several tokens long, and known to belong to training or not.

A name is built from syllables as real names are: a held-out name is made of known parts, in an order that was
never seen. So the model has to copy a name, and cannot know it.
"""

from __future__ import annotations

import hashlib
import random
from typing import Literal

Split = Literal["train", "valid", "heldout"]
"""Which draws something belongs to: one in five is held out for exams, one in twenty watches the training."""

KEEPERS = ("Mia", "Leo", "Ana", "Tom", "Eva", "Max", "Ida", "Sam")
"""People that notes speak of; no concept has such a name."""

_ONSETS = (*"bdfgklmnprstvz", *"chjwy", "ch", "sh", "th", "br", "tr", "kr", "fl", "st", "")
_VOWELS = (*"aeiou", *"aeiou", "y", "ai", "ee", "oo", "ia")
_CODAS = (*"nrsxlmtk", "sh", "ck")
SYLLABLES = tuple(c + v for c in "bdfgklmnprstvz" for v in "aeiou")
"""The plainest syllables, half of all names are made of these alone."""


def share(*parts: object) -> float:
    """A number in [0, 1) that is a function of its arguments alone."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64


def split_of(*parts: object) -> Split:
    """The split of a thing that is identified by ``parts``."""
    at = share(*parts)
    return "heldout" if at < 0.2 else "valid" if at < 0.25 else "train"


def name_split(name: str, seed: int = 0) -> Split:
    """Which split a name belongs to."""
    return split_of("name", seed, name)


def _plain(rng: random.Random) -> str:
    count = rng.choices((1, 2, 3), (1, 7, 2))[0]
    name = "".join(rng.choice(SYLLABLES) for _ in range(count))
    return name + (rng.choice("nrsx") if count == 1 or (count == 2 and rng.random() < 0.2) else "")


def _free(rng: random.Random) -> str:
    count = rng.choices((1, 2, 3, 4), (3, 6, 3, 1))[0]
    name = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(count))
    return name + (rng.choice(_CODAS) if rng.random() < 0.3 else "")


def draw_name(rng: random.Random, split: Split, seed: int = 0) -> str:
    """A name of one to four syllables from one split, from *Bo* to *Shoomarek*."""
    while True:
        name = (_plain(rng) if rng.random() < 0.5 else _free(rng)).capitalize()
        if len(name) > 1 and name_split(name, seed) == split and name not in KEEPERS:
            return name
