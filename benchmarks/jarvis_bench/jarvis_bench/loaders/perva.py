"""PerVA (Das et al., R2P, ICCV 2025, arXiv 2503.18623).

Layout::

    train/<category>/<concept>/*.jpg         reference photos
    test/<category>/<concept>/*              test pictures

Traps, and what is done about them:

* ``laion`` folders in ``train/`` are pictures from the web for training: no concepts, not looked at.
* Names of concepts come again in other categories: an id is category and concept; a name that is there twice
  gets its category behind it.
* 329 concepts in 21 categories: every picture against every concept would be a million questions. By default
  a picture is asked about all concepts of its category, who are the hard ones; ``across=True`` asks all.
  Figures of the two are not comparable.
* A concept of ``test/`` without references cannot be known: left out and counted.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

from ..dataset import BenchConcept, Dataset
from .gather import Gatherer, references
from .tree import Tree

__all__ = ["load_perva"]

LAYOUT: Final = "train/<category>/<concept>/*.jpg and test/<category>/<concept>/*"
_NO_CONCEPT: Final = "laion"


def load_perva(root: str | os.PathLike[str], *, views: int = 5, across: bool = False) -> Dataset:
    """Recognition and captions.

    Args:
        root: the folder.
        views: reference photos for each concept, at most.
        across: whether a picture is asked about concepts of other categories too.

    Raises:
        DatasetError: another layout.
        InputError: ``views`` below 1.
    """
    tree = Tree(root, "PerVA", LAYOUT)
    if not (tree.has("train") and tree.has("test")):
        raise tree.wrong("train/ and test/")
    folders = [
        (category, name, images)
        for category in tree.folders("train")
        for name in tree.folders(f"train/{category}")
        if name != _NO_CONCEPT and (images := tree.images(f"train/{category}/{name}"))
    ]
    if not folders:
        raise tree.wrong(LAYOUT, "train")
    often = Counter(name.casefold() for _, name, _ in folders)
    concepts = [
        BenchConcept(
            id=f"{category}/{name}",
            name=name if often[name.casefold()] == 1 else f"{name} {category}",
            category=category,
            photos=tree.pictures(references(images, views)),
        )
        for category, name, images in folders
    ]
    gatherer = Gatherer(tree, concepts)
    for category in tree.folders("test"):
        asked = [one.id for one in concepts if across or one.category == category]
        for name in tree.folders(f"test/{category}"):
            shown = f"{category}/{name}"
            images = tree.images(f"test/{shown}")
            if shown not in gatherer.known:
                gatherer.leave("pictures of concepts without references", len(images))
                continue
            for picture in tree.pictures(images):
                for one in asked:
                    gatherer.recognise(picture, [one], one == shown, "Can you see {names} in this photo?")
                gatherer.caption(picture, [shown])
    name = "PerVA, across categories" if across else "PerVA, within categories"
    return gatherer.dataset(name, "none stated by its publishers", (__doc__ or "").strip())
