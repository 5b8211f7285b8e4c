"""Yo'LLaVA (Nguyen et al., NeurIPS 2024, arXiv 2406.09400; github WisconsinAIVision/YoLLaVA, Hugging Face
thaoshibe/YoLLaVA).

Layout, at the root or in ``yollava-data/`` below it::

    train/<concept>/<n>.png                  reference photos
    test/<concept>/<n>.png                   test pictures
    yollava-visual-qa.json                   {concept: {"./yollava-data/test/<concept>/<n>.png": question}}
    yollava-text-only-qa.json                optional; it is published with RAP, not here

Traps, and what is done about them:

* Images in git are pointers of Git LFS: named as such, with what to run.
* ``train/<concept>/negative_example/`` and its ``scores.json`` come with another download: not looked at.
* Numbers of files have gaps, and "the first five" of an unsorted listing differ between machines: the first
  ``views`` in natural order are the references.
* The README shows the questions without the nesting by concept: refused with both shapes named.
* Placeholders are ``<sks>`` here and ``sks`` in RAP's copy: both are read.
* The published script drops answers that are neither Yes nor No from the denominator: here they are wrong.
* Keys are lopsided (text-only: A in 390 of 400; visual: A in 99 of 170): options are turned, the constant
  answer stands beside.
* A model without any memory answers 94 % of the visual questions: the control ``none`` stands beside.
* Some published answers are doubted by users (``_DOUBTS``): they stay as published, and are counted.
* Recognition was reported on sampled negatives: here every picture is asked about every concept.
"""

from __future__ import annotations

import os
from typing import Final

from ..dataset import BenchConcept, Dataset
from .gather import Gatherer, references, rerooted
from .nested import text_questions, visual_questions
from .tree import Tree

__all__ = ["load_yollava"]

LAYOUT: Final = "train/<concept>/<n>.png and test/<concept>/<n>.png, at the root or in yollava-data/"
_DOUBTS: Final = {
    "test/shiba-gray/1.png": "a plush shiba, of which the published answer is 'Cat'",
    "test/shiba-gray/3.png": "a plush toy, of which the published answer is 'Dog'",
}


def load_yollava(root: str | os.PathLike[str], *, views: int = 5) -> Dataset:
    """Recognition, captions, visual questions and, where the file is there, text-only questions.

    Args:
        root: the folder.
        views: reference photos for each concept, at most.

    Raises:
        DatasetError: another layout, or a file that cannot be read.
        InputError: ``views`` below 1.
    """
    tree = Tree(root, "Yo'LLaVA", LAYOUT)
    base = next((one for one in ("", "yollava-data", "YoLLaVA") if tree.has(_in(one, "train"))), None)
    if base is None or not tree.has(_in(base, "test")):
        raise tree.wrong(LAYOUT)
    train, test = _in(base, "train"), _in(base, "test")
    concepts = [
        BenchConcept(id=name, name=name, photos=tree.pictures(references(images, views)))
        for name in tree.folders(train)
        if (images := tree.images(f"{train}/{name}"))
    ]
    gatherer = Gatherer(tree, concepts)
    strange = [name for name in tree.folders(test) if name not in gatherer.known]
    if strange or not concepts:
        raise tree.wrong(
            f"reference photos in train/ for each folder of test/ ({', '.join(strange[:3])})", train
        )
    for shown in tree.folders(test):
        for picture in tree.pictures(tree.images(f"{test}/{shown}")):
            for asked in gatherer.known:
                gatherer.recognise(picture, [asked], asked == shown, "Can you see {names} in this photo?")
            gatherer.caption(picture, [shown])

    def resolve(key: str) -> tuple[str, ...] | None:
        return (key,) if key in gatherer.known else None

    def find(path: str) -> str | None:
        return rerooted(tree, path, ("train", "test"), base)

    visual = tree.first([_in(base, "yollava-visual-qa.json"), "yollava-visual-qa.json"])
    if visual:
        visual_questions(gatherer, visual, resolve, find, _DOUBTS)
    text = tree.first([_in(base, "yollava-text-only-qa.json"), "yollava-text-only-qa.json"])
    if text:
        text_questions(gatherer, text, resolve)
    return gatherer.dataset("Yo'LLaVA", "none stated by its publishers", (__doc__ or "").strip())


def _in(base: str, name: str) -> str:
    return f"{base}/{name}" if base else name
