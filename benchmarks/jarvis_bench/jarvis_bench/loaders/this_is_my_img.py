"""This-is-my-img (Seifi et al., PeKit, arXiv 2502.02452; github vdorovatas/personalization_toolkit).

Layout, at the root or in ``This-is-My-Img/`` below it::

    Single-concept/train/<concept>-<class>/*.png                     or "Reference Images/"
    Single-concept/test/{Positive,Fake,Negative (Hard),Negative (Other)}/<concept>-<class>/*
                                                                     or "Validation/"
    Single-concept/this-is-my-visual-qa[-ambiguity].json             nested as Yo'LLaVA's
    Multi-concept/train/<concept>-<class>/*.png
    Multi-concept/test/<A>_and_<B>/*
    Multi-concept/VQA/*.json                            {"<A>_<B>": {path: {"question", "answer"}}}
    Video/train/<concept>-<class>/*.png, Video/test/..., Video/*.json

Traps, and what is done about them:

* The README shows two trees: both are read, whatever the case of the letters.
* Folders end in a class ("Zaks dog kona-dog"): cut at the last hyphen, kept as the category.
* Folders lack apostrophes: names are those that the published code restores.
* Names tell what a thing is ("Reynard's keyboard"): ``anonymous=True`` takes the invented names of the
  published code, so that no question is answered by the name.
* Reference views were "the first n" of an unsorted listing: here the first in natural order.
* Pairs are "A_and_B" in folders and "A_B" in questions: both have to be known concepts. "B_and_A" is the same
  pair, asked about once, in the order of names.
* Positives are asked about concepts of other owners too; what else of the same owner is in a picture nobody
  has said. ``Fake`` and ``Negative`` pictures are asked about their own concept only.
* Options are missing from the multi-concept questions: they are free, and judged.
* Questions were asked with the right concepts given: that is the control ``oracle`` here.
* The published code skips questions whose picture is missing: they are counted here.
* Videos: 267 questions are reported (Ego, section 4.1); neither their files nor a layout are published. Read
  is the same nesting, with clips in place of pictures.
"""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from typing import Final, Literal

from jarvis_retrievers.errors import InputError

from ..dataset import BenchConcept, Dataset
from .gather import Gatherer, references, rerooted
from .nested import visual_questions
from .tree import Tree

__all__ = ["load_this_is_my_img"]

Part = Literal["single", "multi", "video"]
LAYOUT: Final = "Single-concept/, Multi-concept/ or Video/, each with train/ and test/"
_FOLDERS: Final[dict[Part, str]] = {"single": "Single-concept", "multi": "Multi-concept", "video": "Video"}
_TRAIN: Final = ("train", "reference images")
_TEST: Final = ("test", "validation")
_ASKED: Final = "Can you see {names} in this photo?"
# Folder, display name and invented name, as in the published loader.
_NAMES: Final = {
    "Alexs everyday bag": ("Alex's everyday bag", "Aero"),
    "Alexs hat": ("Alex's hat", "Vex"),
    "Blippis shoes": ("Blippi's shoes", "Echo"),
    "Caseys boosted board": ("Casey's boosted board", "Nova"),
    "Caseys friend marlan": ("Casey's friend Marlan", "Flux"),
    "Caseys son": ("Casey's son", "Zenith"),
    "Gabs puppy lili": ("Gab's puppy Lili", "Rune"),
    "Nikkis camper bag": ("Nikki's camper bag", "Quill"),
    "Nikkis car": ("Nikki's car", "Pax"),
    "Reynards keyboard": ("Reynard's keyboard", "Blaze"),
    "Reynards work chair": ("Reynard's work chair", "Frost"),
    "Sherrys road bike": ("Sherry's road bike", "Loom"),
    "Zaks dog coffee": ("Zak's dog Coffee", "Glint"),
    "Zaks dog kona": ("Zak's dog Kona", "Shade"),
}


def load_this_is_my_img(
    root: str | os.PathLike[str], *, part: Part = "single", views: int = 5, anonymous: bool = False
) -> Dataset:
    """Recognition, captions and questions of one part.

    Args:
        root: the folder.
        part: ``single``, ``multi`` or ``video``.
        views: reference photos for each concept, at most.
        anonymous: whether concepts have invented names.

    Raises:
        DatasetError: another layout, or a file that cannot be read.
        InputError: no such part, or ``views`` below 1.
    """
    if part not in _FOLDERS:
        raise InputError(f"part is one of {', '.join(_FOLDERS)}, got {part!r}")
    tree = Tree(root, "This-is-my-img", LAYOUT)
    outer = _child(tree, "", ("this-is-my-img",)) or ""
    base = _child(tree, outer, (_FOLDERS[part].lower(),))
    if base is None:
        raise tree.wrong(f"a folder {_FOLDERS[part]}/", outer)
    train, test = _child(tree, base, _TRAIN), _child(tree, base, _TEST)
    if train is None or test is None:
        raise tree.wrong("train/ and test/ (or Reference Images/ and Validation/)", base)
    concepts = []
    for folder in tree.folders(train):
        name, _, category = folder.rpartition("-")
        images = tree.images(f"{train}/{folder}")
        if images:
            shown = _name(name or folder, anonymous)
            photos = tree.pictures(references(images, views))
            concepts.append(
                BenchConcept(id=folder, name=shown, category=category if name else "", photos=photos)
            )
    if not concepts:
        raise tree.wrong("<concept>-<class>/*.png", train)
    gatherer = Gatherer(tree, concepts)
    if part == "single":
        _single(gatherer, test)
    elif part == "multi":
        _multi(gatherer, test)
    tops = (PurePosixPath(test).name, PurePosixPath(train).name)
    for file in [path for folder in (base, f"{base}/VQA") for path in tree.files(folder, (".json",))]:
        visual_questions(
            gatherer,
            file,
            lambda key: _concepts(gatherer, key),
            lambda path: rerooted(tree, path, tops, base),
        )
    title = f"This-is-my-img, {part}{', anonymous' if anonymous else ''}"
    return gatherer.dataset(title, "none stated by its publishers", (__doc__ or "").strip())


def _single(gatherer: Gatherer, test: str) -> None:
    tree = gatherer.tree
    for kind in tree.folders(test):
        for folder in tree.folders(f"{test}/{kind}"):
            found = _concepts(gatherer, folder)
            images = tree.images(f"{test}/{kind}/{folder}")
            if found is None:
                gatherer.leave(f"{kind}: pictures of concepts without references", len(images))
                continue
            positive = kind.lower() == "positive"
            for picture in tree.pictures(images):
                gatherer.recognise(picture, found, positive, _ASKED, kind)
                if positive:
                    for other in gatherer.known:
                        if _owner(other) != _owner(found[0]):
                            gatherer.recognise(picture, [other], False, _ASKED, "other owner")
                    gatherer.caption(picture, found, kind=kind)


def _multi(gatherer: Gatherer, test: str) -> None:
    tree = gatherer.tree
    pairs: dict[str, tuple[str, ...]] = {}
    for folder in tree.folders(test):
        found = _concepts(gatherer, folder)
        if found is None or len(found) < 2:
            gatherer.leave("pictures of unknown pairs", len(tree.images(f"{test}/{folder}")))
        else:
            pairs[folder] = tuple(sorted(found))
    for folder, pair in pairs.items():
        for picture in tree.pictures(tree.images(f"{test}/{folder}")):
            for asked in sorted(set(pairs.values())):
                gatherer.recognise(picture, asked, asked == pair, _ASKED, "pair")
            gatherer.caption(picture, pair, kind="pair")


def _concepts(gatherer: Gatherer, key: str) -> tuple[str, ...] | None:
    """The concepts that a folder or a key names, None if one of them is unknown."""
    plain = {_plain(one): one for one in gatherer.known} | {
        _plain(one.rpartition("-")[0]): one for one in gatherer.known if "-" in one
    }
    if _plain(key) in plain:
        return (plain[_plain(key)],)
    parts = re.split(r"_and_| and ", key)
    parts = parts if len(parts) > 1 else key.split("_")
    found = tuple(plain.get(_plain(part), "") for part in parts)
    return found if all(found) and len(set(found)) == len(found) > 1 else None


def _plain(name: str) -> str:
    return " ".join(re.sub(r"['’]", "", name).replace("_", " ").casefold().split())


def _name(folder: str, anonymous: bool) -> str:
    shown, invented = _NAMES.get(folder, (folder, ""))
    return invented if anonymous and invented else shown


def _owner(concept: str) -> str:
    """The first word without its s: Caseys son and Casey are of one owner."""
    first = re.split(r"[\s-]", _plain(concept))[0]
    return first.removesuffix("s")


def _child(tree: Tree, path: str, names: tuple[str, ...]) -> str | None:
    """The folder in a folder that has one of the names, whatever the case of its letters."""
    found = next((name for name in tree.folders(path) if name.lower() in names), None)
    return None if found is None else f"{path}/{found}" if path else found
