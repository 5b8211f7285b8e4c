"""MyVLM, objects (Alaluf et al., ECCV 2024, arXiv 2403.14599; github snap-research/MyVLM, Hugging Face
yuvalalaluf/MyVLM).

Layout, at the root or in ``data/`` below it::

    <concept>/<concept>_<n>.jpg              10 to 15 photos, some named .JPG
    <concept>/captions.json                  optional, or at the root: {"<file>.jpg": [caption, ...]}

Traps, and what is done about them:

* No split into references and test is published, and each paper has drawn its own: ``views`` photos of each
  concept are drawn by a hash of seed and file name, so that a seed gives the same split on every machine.
  PeKit's test set holds the references too: here no reference is tested.
* Endings differ in case: both are read.
* ``captions_augmented.json`` and ``additional_llava_vqa_data.json`` are made for training: not read.
* Trained concept heads and embeddings are ``.pt`` files: never read, they may hold code.
* The 16 people of the paper are not published: a table of these data is on objects only.
* Recognition was reported on sampled negatives: here every picture is asked about every concept.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import PurePosixPath
from typing import Any, Final

from ..dataset import BenchConcept, Dataset
from .gather import Gatherer, mapping, references
from .tree import Tree

__all__ = ["load_myvlm"]

LAYOUT: Final = "<concept>/<concept>_<n>.jpg, at the root or in data/"


def load_myvlm(root: str | os.PathLike[str], *, views: int = 4, seed: int = 0) -> Dataset:
    """Recognition and captions.

    Args:
        root: the folder.
        views: reference photos for each concept; the rest is tested.
        seed: of the split.

    Raises:
        DatasetError: another layout, or a concept with too few photos.
        InputError: ``views`` below 1.
    """
    tree = Tree(root, "MyVLM", LAYOUT)
    base = "data/" if tree.folders("data") else ""
    split: dict[str, list[str]] = {}
    for folder in tree.folders(base.rstrip("/")):
        images = tree.images(f"{base}{folder}")
        if images and len(images) == len(references(images, views)):
            raise tree.wrong(f"more than {views} photos, of which {views} are references", f"{base}{folder}")
        if images:
            split[folder] = sorted(images, key=lambda path: _draw(seed, PurePosixPath(path).name))
    if len(split) < 2:
        raise tree.wrong(LAYOUT)
    concepts = [
        BenchConcept(
            id=folder, name=folder.replace("_", " "), photos=tree.pictures(references(images, views))
        )
        for folder, images in split.items()
    ]
    gatherer = Gatherer(tree, concepts)
    for shown, images in split.items():
        captions = _captions(tree, base, shown)
        for picture in tree.pictures(sorted(images[views:])):
            for asked in gatherer.known:
                gatherer.recognise(picture, [asked], asked == shown, "Can you see {names} in this photo?")
            gatherer.caption(picture, [shown], captions.get(PurePosixPath(picture.path).name, ""))
    licence = "Snap: non-commercial, academic"
    return gatherer.dataset(f"MyVLM, seed {seed}", licence, (__doc__ or "").strip())


def _draw(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()


def _captions(tree: Tree, base: str, concept: str) -> dict[str, str]:
    """The first caption of each file."""
    path = tree.first([f"{base}{concept}/captions.json", f"{base}captions.json"])
    value: Any = mapping(tree.json(path), path) if path else {}
    return {
        file: texts[0]
        for file, texts in value.items()
        if isinstance(texts, list) and texts and isinstance(texts[0], str)
    }
