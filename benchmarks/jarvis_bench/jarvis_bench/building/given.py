"""Photos that a benchmark is built of: concepts as a folder has them, or as a memory does."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from jarvis_retrievers.errors import DatasetError

from ..loaders.tree import Tree

__all__ = ["LAYOUT", "Given", "GivenPhoto", "read_folder", "read_home"]

LAYOUT: Final = "<concept>/*.jpg, with notes.txt or concept.json beside the photos where there are such"
_NOTES, _ABOUT = "notes.txt", "concept.json"
_MOST_NOTES: Final = 256 * 1024
_KEYS: Final = ("name", "category", "notes")


@dataclass(frozen=True, slots=True)
class GivenPhoto:
    """A photo as it was given: the bytes of its file, how that ends, and where it is from."""

    data: bytes = field(repr=False)
    ending: str
    origin: str


@dataclass(frozen=True, slots=True)
class Given:
    """A concept as it was given."""

    name: str
    category: str
    notes: str
    photos: tuple[GivenPhoto, ...]


def read_folder(root: str | os.PathLike[str]) -> tuple[Given, ...]:
    """Concepts of a folder that has a folder of photos for each.

    A concept is called as its folder. ``notes.txt`` beside its photos is what the owner says of it;
    ``concept.json`` holds an object with any of ``name``, ``category`` and ``notes``.

    Raises:
        DatasetError: no such folder, no folder in it, or a file that cannot be read.
    """
    tree = Tree(root, "a folder of concepts", LAYOUT)
    folders = tree.folders("")
    if not folders:
        raise tree.wrong("a folder of photos for each concept")
    found = []
    for folder in folders:
        about = _about(tree, folder)
        notes = [about.get("notes", ""), _notes(tree, f"{folder}/{_NOTES}")]
        found.append(
            Given(
                name=about.get("name") or folder,
                category=about.get("category", ""),
                notes="\n".join(one.strip() for one in notes if one.strip()),
                photos=tuple(_photo(tree, path) for path in tree.images(folder)),
            )
        )
    twice = [name for name, count in Counter(one.name.casefold() for one in found).items() if count > 1]
    if twice:
        raise DatasetError(
            f"two concepts of {tree.root} are called {twice[0]!r}; give them names of their own"
        )
    return tuple(found)


def read_home(home: str | os.PathLike[str], owner: str) -> tuple[Given, ...]:
    """Concepts of an owner, with all of their photos; nothing is written into the home.

    Raises:
        HomeReadOnlyError: there is no such home. DatasetError: the owner has no concept.
    """
    from jarvis_memory.store.owner import OwnerStore

    with OwnerStore.open(home, owner, read_only=True) as store:
        found = tuple(
            Given(
                name=one.name,
                category=one.category or one.profile.category or "",
                notes="\n".join(one.about),
                photos=tuple(
                    GivenPhoto(store.photo(photo.id), ".png", f"photo {place} of {one.name}")
                    for place, photo in enumerate(one.photos)
                ),
            )
            for one in store.list()
        )
    if not found:
        raise DatasetError(f"{owner!r} has no concept in {home}; remember some, or give a folder of photos")
    return found


def _photo(tree: Tree, path: str) -> GivenPhoto:
    tree.picture(path)  # broken images and links out of the folder are found here, with their names
    return GivenPhoto(tree.at(path).read_bytes(), PurePosixPath(path).suffix.lower(), path)


def _about(tree: Tree, folder: str) -> Mapping[str, str]:
    path = f"{folder}/{_ABOUT}"
    if not tree.has(path):
        return {}
    value: Any = tree.json(path)
    if not isinstance(value, dict) or not all(isinstance(value.get(key, ""), str) for key in _KEYS):
        raise DatasetError(f"{path} is an object with texts under some of {', '.join(_KEYS)}; correct it")
    return {key: value[key].strip() for key in _KEYS if key in value}


def _notes(tree: Tree, path: str) -> str:
    if not tree.has(path):
        return ""
    data = tree.at(path).read_bytes()
    try:
        if len(data) > _MOST_NOTES:
            raise DatasetError(f"{path} has {len(data)} bytes, at most {_MOST_NOTES} are read; shorten it")
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is no text in UTF-8 ({error.reason}); save it again") from error
