"""RAP (Hao et al., CVPR 2025, arXiv 2410.13360; github Hoar012/RAP-MLLM).

Layout::

    <database>/database.json                 {"concept_dict": {"<bo>": {"name", "image", "info", "category"}}}
    <database>/*.png                         the reference photos
    eval/recognition_test.json               [{"image", "question", "concept", "type", "correct_answer"}]
    eval/yollava-visual-qa.json              optional; nested as Yo'LLaVA's
    eval/yollava-text-only-qa.json           optional
    benchmark_data/yollava-data/test/...     the test pictures, which are Yo'LLaVA's; or yollava-data/test/...

Traps, and what is done about them:

* In the recognition list each positive is there twice, the second time as ``type`` "negative": one item for
  each picture and concept, ``type`` is never read. Where two lines contradict each other neither is kept.
* Databases of several sources make "severe retrieval noise" when merged (RePIC): one database a data set;
  where there are several, say which.
* Images and infos may be lists and tables (the schema of R2P's successors): all images are references, the
  texts of a table become notes.
* Names stand in angle brackets here and there: taken off, in infos and questions too.
* Text-only questions have "option", visual ones "options"; the placeholder is ``sks`` here, ``<sks>``
  upstream, and replacing the one in the other gives ``<<bo>>``: all forms are read.
* Text-only keys are A in 390 of 400: options are turned, the constant answer stands beside.
* ``image.faiss`` and ``id2filename.json`` depend on the order of a walk: not read.
* RAP always finds somebody (top-k without a threshold), and has one reference for each concept: figures with
  five views are no comparison.
* The multi-concept pictures (16 concepts, 8 pairs) have no published layout: not read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from ..dataset import BenchConcept, Dataset
from .gather import Gatherer, mapping, rerooted
from .nested import Find, text_questions, visual_questions
from .tree import Tree

__all__ = ["load_rap"]

LAYOUT: Final = "<database>/database.json, eval/recognition_test.json and benchmark_data/yollava-data/test/"
_BRACKETS: Final = re.compile(r"<([^<>]+)>")


def load_rap(root: str | os.PathLike[str], *, database: str | None = None) -> Dataset:
    """Recognition, and the questions whose files are there.

    Args:
        root: the folder of the repository, with the test pictures in it.
        database: the folder of the database; needed only where there are several.

    Raises:
        DatasetError: another layout, or several databases and none named.
    """
    tree = Tree(root, "RAP", LAYOUT)
    there = [name for name in tree.folders("") if tree.has(f"{name}/database.json")]
    if database is None and len(there) != 1:
        raise tree.wrong(f"one folder with a database.json, not {len(there)} ({', '.join(there) or 'none'})")
    folder = (database or there[0]).strip("/")
    if not tree.has(f"{folder}/database.json"):
        raise tree.wrong("a database.json", folder)
    gatherer = Gatherer(tree, _concepts(tree, folder))
    base = "benchmark_data" if tree.has("benchmark_data/yollava-data") else ""

    def resolve(key: str) -> tuple[str, ...] | None:
        name = key.strip("<>")
        return (name,) if name in gatherer.known else None

    def find(path: str) -> str | None:
        return rerooted(tree, path, ("yollava-data",), base)

    lists = "eval/recognition_test.json"
    if tree.has(lists):
        _recognition(gatherer, lists, find)
    if tree.has("eval/yollava-visual-qa.json"):
        visual_questions(gatherer, "eval/yollava-visual-qa.json", resolve, find)
    if tree.has("eval/yollava-text-only-qa.json"):
        text_questions(gatherer, "eval/yollava-text-only-qa.json", resolve)
    licence = "non-commercial; pictures are Yo'LLaVA's, none stated"
    return gatherer.dataset(f"RAP, {folder}", licence, (__doc__ or "").strip())


def _concepts(tree: Tree, folder: str) -> list[BenchConcept]:
    path = f"{folder}/database.json"
    table = mapping(mapping(tree.json(path), path).get("concept_dict"), f"{path}, 'concept_dict'")
    made = []
    for key, value in table.items():
        entry = mapping(value, f"{path}, {key!r}")
        images = entry.get("image", [])
        # Paths begin with the folder of the database, whatever that was called where it was made.
        names = [str(one) for one in ([images] if isinstance(images, str) else images)]
        photos = [_photo(tree, folder, name) for name in names]
        missing = [photo for photo in photos if not tree.at(photo).is_file()]
        if missing or not photos:
            raise tree.wrong(f"the photo of {key!r} ({', '.join(names) or 'none is named'})", folder)
        made.append(
            BenchConcept(
                id=key.strip("<>"),
                name=_BRACKETS.sub(r"\1", str(entry.get("name", key))),
                category=str(entry.get("category", "")),
                notes=_BRACKETS.sub(r"\1", _told(entry.get("info", ""))),
                photos=tree.pictures(photos),
            )
        )
    return made


def _photo(tree: Tree, folder: str, path: str) -> str:
    """Behind the first folder of the path, else by the name of the file alone."""
    rest = PurePosixPath(path).parts[1:]
    whole = "/".join((folder, *rest))
    return whole if rest and tree.at(whole).is_file() else f"{folder}/{PurePosixPath(path).name}"


def _told(info: Any) -> str:
    """The notes: a text, or the texts of a table (what the category is stands elsewhere)."""
    if isinstance(info, Mapping):
        return " ".join(f"{key}: {value}." for key, value in info.items() if value and key != "category")
    return info if isinstance(info, str) else ""


def _recognition(gatherer: Gatherer, file: str, find: Find) -> None:
    """One item for each picture and concept."""
    lines = gatherer.tree.json(file)
    if not isinstance(lines, list):
        raise gatherer.tree.wrong(f"a list in {file}, not {type(lines).__name__}", "eval")
    answers: dict[tuple[str, str], set[bool]] = {}
    count = 0
    for number, line in enumerate(lines):
        entry = mapping(line, f"{file}, entry {number}")
        path, concept, here = entry.get("image"), entry.get("concept"), entry.get("correct_answer")
        if not isinstance(path, str) or not isinstance(concept, str) or not isinstance(here, bool):
            gatherer.leave(f"{file}: an entry lacks its picture, concept or answer")
        elif concept.strip("<>") not in gatherer.known:
            gatherer.leave(f"{file}: unknown concept")
        elif (found := find(path)) is None:
            gatherer.leave(f"{file}: the picture is not there")
        else:
            answers.setdefault((found, concept.strip("<>")), set()).add(here)
            count += 1
    against = sum(len(said) > 1 for said in answers.values())
    gatherer.leave(f"{file}: picture and concept are there twice", count - len(answers))
    gatherer.leave(f"{file}: answered yes and no", against)
    for (path, concept), said in answers.items():
        if len(said) == 1:
            gatherer.recognise(
                gatherer.tree.picture(path), [concept], said == {True}, "Is {names} in this image?"
            )
