"""A part of a data set, for a quick look: pictures stay whole, so that recognition keeps its protocol."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence

from jarvis_retrievers.errors import InputError

from .dataset import Dataset, LeftOut
from .item import Item
from .score import kind_of

__all__ = ["part_of", "sampled"]


def sampled(dataset: Dataset, pictures: int, *, seed: int = 0) -> Dataset:
    """Of each group the items about at most so many pictures, or so many items without a picture.

    A picture is taken with all items of its group, so that it is still asked about every concept. Equal seeds
    take equal parts. What is left out is told.

    Raises:
        InputError: fewer than one.
    """
    if pictures < 1:
        raise InputError(f"at least 1 picture is sampled, got {pictures}")
    groups: dict[str, dict[str, list[Item]]] = {}
    for item in dataset.items:
        groups.setdefault(item.group, {}).setdefault(item.unit, []).append(item)
    kept: set[str] = set()
    for group, units in groups.items():
        rng = random.Random(f"sample/{seed}/{group}")
        chosen = rng.sample(sorted(units), min(pictures, len(units)))
        kept.update(item.id for unit in chosen for item in units[unit])
    gone = len(dataset.items) - len(kept)
    if not gone:
        return dataset
    told = [LeftOut(why=f"sampled: {pictures} pictures of each group, seed {seed}", count=gone)]
    return dataset.keeping((item for item in dataset.items if item.id in kept), told)


def part_of(items: Sequence[Item], share: float) -> tuple[Item, ...]:
    """A share of the pictures of each kind, or of its items without a picture, at least one; in order.

    Always the same ones, whatever the seed, and those of a smaller share are among those of a larger one.
    """
    kinds: dict[tuple[str, str], dict[str, list[str]]] = {}
    for item in items:
        kinds.setdefault(kind_of(item), {}).setdefault(item.unit, []).append(item.id)
    kept: set[str] = set()
    for units in kinds.values():
        drawn = sorted(units, key=lambda unit: hashlib.sha256(unit.encode()).digest())
        for unit in drawn[: math.ceil(share * len(units))]:
            kept.update(units[unit])
    return tuple(item for item in items if item.id in kept)
