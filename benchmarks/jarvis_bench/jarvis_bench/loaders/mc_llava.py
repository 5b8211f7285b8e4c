"""MC-LLaVA (An et al., arXiv 2411.11706; github arctanxarc/MC-LLaVA).

Layout::

    {two,three}_concept/concept/train/<c>/<n>.png       reference photos, beside masks <n>_mask.png
    {two,three}_concept/concept/test/<c>/<n>.png        and choice.json, vqa.json, qa.json
    {two,three}_concept/multi/<A_B>/<n>.png             and choice.json, vqa.json, qa.json, position.json

Traps, and what is done about them:

* Masks lie among the photos: files that end in ``_mask`` are no photos.
* The README calls qa.json the visual questions and vqa.json the text-only ones: it is the other way round.
  The shape decides: a list is text-only, an object is keyed by pictures.
* Paths of pictures are relative to the publishers' repository: only the name of the file counts, it lies
  beside the JSON.
* Questions carry their options in the text ("... A. red. B. blue"): taken apart so that they can be turned;
  where that cannot be done they are left out and counted.
* Scores are the same without any personal token (MC-LLaVA#3), keys are A in 73 to 78 % of text-only
  questions: controls stand beside, options are turned.
* ``_`` parts the names of a scenario, and may be in a name: the parts have to be known concepts.
* position.json says who is really in a picture of several (null is absent): recognition asks about each,
  and about all at once.
* Negatives were drawn anew in each run, or missing (MC-LLaVA#7): here every picture is asked about concepts
  of all other scenarios. Others of its own scenario are not asked about in pictures of one concept: nobody
  has said whether they are in the background.
* Numbers of scenarios and questions differ between the paper's text and its table: ``left_out`` and the
  number of items say what was found.
* Captions were judged by substrings: here names are whole words. Answers to vqa.json were judged by BLEU over
  characters: here rules, then a judge.
* concept_type.json, train.json and som_info.json are wanted by the published code, not needed here.
* Pictures are of films: MIT is the licence of the code, the pictures' owners are others. Do not share them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from ..dataset import BenchConcept, Dataset
from ..item import Picture, Source
from .gather import Gatherer, lettered, mapping, references
from .tree import Tree

__all__ = ["load_mc_llava"]

LAYOUT: Final = "two_concept/ or three_concept/, each with concept/train, concept/test and multi"
_CASES: Final = ("two_concept", "three_concept")
_ASKED: Final = "Can you see {names} in this photo?"


def load_mc_llava(root: str | os.PathLike[str], *, views: int = 5) -> Dataset:
    """Recognition, captions, visual and text-only questions about one concept and about several.

    Args:
        root: the folder.
        views: reference photos for each concept, at most.

    Raises:
        DatasetError: another layout, or a file that cannot be read.
        InputError: ``views`` below 1.
    """
    tree = Tree(root, "MC-LLaVA", LAYOUT)
    cases = [
        case for case in _CASES if tree.has(f"{case}/concept/train") and tree.has(f"{case}/concept/test")
    ]
    if not cases:
        raise tree.wrong(LAYOUT)
    trained = {
        name: references(images, views)
        for case in cases
        for name in tree.folders(f"{case}/concept/train")
        if (images := _photos(tree, f"{case}/concept/train/{name}"))
    }
    concepts = [
        BenchConcept(id=name, name=name, photos=tree.pictures(paths)) for name, paths in trained.items()
    ]
    gatherer = Gatherer(tree, concepts)
    scenarios: dict[str, tuple[str, ...]] = {}
    for case in cases:
        for folder in tree.folders(f"{case}/multi"):
            members = next(_partitions(folder.split("_"), gatherer.known), None)
            if members is None:
                gatherer.leave(f"{case}/multi: a scenario of unknown concepts")
            else:
                scenarios[f"{case}/multi/{folder}"] = members
    friends: dict[str, set[str]] = {}
    for members in scenarios.values():
        for one in members:  # somebody may be in several scenarios
            friends.setdefault(one, set()).update(members)
    for case in cases:
        for name in tree.folders(f"{case}/concept/test"):
            if name in gatherer.known:
                _single(gatherer, f"{case}/concept/test/{name}", name, friends.get(name, {name}))
            else:
                gatherer.leave(f"{case}/concept/test: a concept without references")
    for folder, members in scenarios.items():
        _several(gatherer, folder, members, scenarios)
    licence = "code MIT; pictures are of films, do not share them"
    return gatherer.dataset("MC-LLaVA", licence, (__doc__ or "").strip())


def _single(gatherer: Gatherer, folder: str, name: str, friends: set[str]) -> None:
    """Pictures of one concept and the questions about them."""
    for picture in gatherer.tree.pictures(_photos(gatherer.tree, folder)):
        for asked in gatherer.known:
            if asked == name or asked not in friends:
                gatherer.recognise(picture, [asked], asked == name, _ASKED, "si_sq")
        gatherer.caption(picture, [name], kind="si")
    _questions(gatherer, folder, (name,))


def _several(
    gatherer: Gatherer, folder: str, members: tuple[str, ...], scenarios: dict[str, tuple[str, ...]]
) -> None:
    """Pictures of a scenario and the questions about them."""
    tree, file = gatherer.tree, f"{folder}/position.json"
    positions = mapping(tree.json(file), file) if tree.has(file) else {}
    where = {
        PurePosixPath(path).name: mapping(value, f"{file}, {path!r}") for path, value in positions.items()
    }
    others = sorted(set(scenarios.values()) - {members})
    for path in _photos(tree, folder):
        positioned = where.get(PurePosixPath(path).name)
        if positioned is None:
            gatherer.leave(f"{folder}: a picture of which nobody says who is in it")
            continue
        picture = tree.picture(path)
        there = [one for one in members if positioned.get(one) is not None]
        for asked in members:
            gatherer.recognise(picture, [asked], asked in there, _ASKED, "mi_sq")
        gatherer.recognise(picture, members, len(there) == len(members), _ASKED, "mi_mq")
        for other in others:
            if not set(other) & set(members):
                gatherer.recognise(picture, other, False, _ASKED, "mi_mq")
        if there:
            gatherer.caption(picture, there, kind="mi")
    _questions(gatherer, folder, members)


def _questions(gatherer: Gatherer, folder: str, members: tuple[str, ...]) -> None:
    """All JSON files of a folder that hold questions; their shape says which."""
    for name, choice in (("choice.json", True), ("vqa.json", False), ("qa.json", True)):
        file = f"{folder}/{name}"
        if not gatherer.tree.has(file):
            continue
        value = gatherer.tree.json(file)
        if isinstance(value, list):
            for number, line in enumerate(value):
                entry = mapping(line, f"{file}, entry {number}")
                _ask(
                    gatherer,
                    file,
                    f"{number}",
                    entry.get("question"),
                    entry.get("answer"),
                    members,
                    None,
                    True,
                )
            continue
        for path, asked in mapping(value, file).items():
            image = f"{folder}/{PurePosixPath(path).name}"
            pairs = asked if isinstance(asked, list) else [asked]
            if not gatherer.tree.at(image).is_file():
                gatherer.leave(f"{file}: the picture is not there", len(pairs))
                continue
            picture = gatherer.tree.picture(image)
            for number, pair in enumerate(pairs):
                entry = mapping(pair, f"{file}, {path!r}")
                key = f"{path} / {number}"
                _ask(gatherer, file, key, entry.get("Human"), entry.get("AI"), members, picture, choice)


def _ask(
    gatherer: Gatherer,
    file: str,
    key: str,
    question: Any,
    answer: Any,
    members: tuple[str, ...],
    picture: Picture | None,
    choice: bool,
) -> None:
    if not isinstance(question, str) or not isinstance(answer, str):
        gatherer.leave(f"{file}: a question or an answer is missing")
        return
    parted = lettered(question) if choice else (question, ())
    if parted is None:
        gatherer.leave(f"{file}: options cannot be told apart")
        return
    text = parted[0].replace("<image>", "").strip()
    named = tuple(one for one in members if f"<{one}>" in text)
    for one in members:
        text = text.replace(f"<{one}>", one)
    asked = named or members
    single = len(members) == 1
    kind = "si_sq" if single else "mi_sq" if len(asked) == 1 else "mi_mq"
    gatherer.add(
        id=f"{'vqa' if picture else 'text'}/{file}/{key}",
        task="vqa" if picture else "text",
        kind=kind if picture else "s" if single else "m",
        question=text,
        concepts=asked,
        images=(picture,) if picture else (),
        options=parted[1],
        answer=answer.strip().rstrip(".") if choice else answer.strip(),
        source=Source(file=file, key=key),
    )


def _photos(tree: Tree, folder: str) -> list[str]:
    return [path for path in tree.images(folder) if not PurePosixPath(path).stem.endswith("_mask")]


def _partitions(parts: Sequence[str], known: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    """Ways to join neighbours to names that are all known."""
    if not parts:
        yield ()
    for end in range(1, len(parts) + 1):
        name = "_".join(parts[:end])
        if name in known:
            for rest in _partitions(parts[end:], known):
                yield (name, *rest)
