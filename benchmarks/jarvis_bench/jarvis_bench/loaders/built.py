"""A data set of one's own, as `jarvis_bench.building` writes it.

Layout::

    dataset.jsonl          concepts and items (`jarvis_bench.write_dataset`)
    provenance.jsonl       where each item is from
    photos/                reference photos, and photos with a detail covered

Traps: see its ``card.md``.
"""

from __future__ import annotations

import os
from typing import Final

from ..dataset import Dataset
from ..jsonl import read_dataset
from .tree import Tree

__all__ = ["load_built"]

LAYOUT: Final = "dataset.jsonl and photos/, as `jarvis bench build` writes them"
_FILE: Final = "dataset.jsonl"


def load_built(root: str | os.PathLike[str]) -> Dataset:
    """The items of a built data set.

    Raises:
        DatasetError: nothing was built there, or it is damaged.
    """
    tree = Tree(root, "a built data set", LAYOUT)
    if not tree.has(_FILE):
        raise tree.wrong(_FILE)
    return read_dataset(tree.at(_FILE), tree.root)
