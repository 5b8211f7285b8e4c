"""A folder that somebody else filled: read within its root, within limits, and never as code."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from jarvis_retrievers.errors import DatasetError, ImageError
from jarvis_retrievers.images import load_image, pixel_digest

from ..dataset import LeftOut
from ..disguise import MAX_VIDEO
from ..item import Clip, Picture
from ..looks import look_of

__all__ = ["IMAGES", "MAX_JSON", "VIDEOS", "Tree", "natural"]

MAX_JSON: Final = 64 * 1024 * 1024
"""Largest JSON file taken, in bytes."""
IMAGES: Final = (".png", ".jpg", ".jpeg", ".webp")
VIDEOS: Final = (".mp4", ".webm", ".mkv", ".mov", ".avi")
_UNREAD: Final = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".faiss", ".joblib")
_MOST_FILES: Final = 2_000_000
_POINTER: Final = b"version https://git-lfs.github.com/spec/"


def natural(name: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """For sorting: 2.png before 10.png, numbers before words, and the same order on every file system."""
    parts = re.findall(r"(\d+)(\D*)|(\D+)", name.casefold())
    # Digits of other scripts are digits to Python too; a number has at most 18 that count.
    return tuple((int(digits[:18]), text) if digits else (10**18, word) for digits, text, word in parts), name


class Tree:
    """The root of a data set. All paths are below it, as texts with ``/``.

    Args:
        root: the folder that the user gave.
        name: of the data set, for messages.
        layout: what is expected below it, for messages.
    """

    def __init__(self, root: str | os.PathLike[str], name: str, layout: str) -> None:
        self.name = name
        self.layout = layout
        self.left_out: Counter[str] = Counter()
        self._seen: dict[str, Picture] = {}
        given = Path(root).expanduser()
        if not given.is_dir():
            raise DatasetError(f"{given} is no folder; give --root the folder of {name} ({layout})")
        self.root = given.resolve()

    def wrong(self, expected: str, where: str = "") -> DatasetError:
        """The error for a tree that is not what it should be."""
        there = self.at(where) if where else self.root
        names = (
            sorted((p.name + "/" * p.is_dir() for p in there.iterdir()), key=natural)
            if there.is_dir()
            else []
        )
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        return DatasetError(
            f"{there} is not laid out as {self.name}: expected {expected}, found {shown or 'nothing'}; "
            f"give --root the folder that holds {self.layout}"
        )

    def at(self, path: str) -> Path:
        """The file or folder of a path.

        Raises:
            DatasetError: an absolute path, one with ``..``, or a link that leads out of the root.
        """
        parts = PurePosixPath(path.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or "\0" in path or re.match(r"[A-Za-z]:", path):
            raise DatasetError(
                f"{path!r} in {self.name} leads out of {self.root}; correct the file that says so"
            )
        there = self.root.joinpath(*parts.parts)
        if not there.resolve().is_relative_to(self.root):
            raise DatasetError(
                f"{path!r} is a link out of {self.root}; copy the files to where they are wanted"
            )
        return there

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        return self.at(path).exists()

    def first(self, paths: Iterable[str]) -> str | None:
        """The first of the paths that is there."""
        return next((path for path in paths if self.has(path)), None)

    def folders(self, path: str) -> list[str]:
        """Names of the folders in a folder, in natural order; hidden ones are none."""
        return self._names(path, lambda entry: entry.is_dir())

    def files(self, path: str, endings: Sequence[str]) -> list[str]:
        """Paths of the files with one of the endings in a folder itself, in natural order.

        Never in the order of the file system: "the first five" would be others on another machine.
        """
        names = self._names(
            path, lambda entry: entry.is_file() and entry.name.lower().endswith(tuple(endings))
        )
        return [f"{path}/{name}" if path else name for name in names]

    def images(self, path: str) -> list[str]:
        """Paths of the images in a folder itself."""
        return self.files(path, IMAGES)

    def _names(self, path: str, wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
        there = self.at(path)
        if not there.is_dir():
            return []
        with os.scandir(there) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and wanted(entry)]
        return sorted(names, key=natural)

    def picture(self, path: str) -> Picture:
        """An image, decoded once.

        Raises:
            DatasetError: it is missing, no image, or a pointer of Git LFS in place of one.
        """
        if path not in self._seen:
            there = self.at(path)
            try:
                image = load_image(there)
            except ImageError as error:
                if (
                    there.is_file()
                    and there.stat().st_size < 1024
                    and there.read_bytes().startswith(_POINTER)
                ):
                    raise DatasetError(
                        f"{path} is a pointer of Git LFS, not the image; run `git lfs pull` in the repository"
                    ) from error
                raise DatasetError(f"{self.name}: {error}") from error
            self._seen[path] = Picture(path=path, digest=pixel_digest(image), look=look_of(image))
        return self._seen[path]

    def pictures(self, paths: Iterable[str]) -> tuple[Picture, ...]:
        """Several of them."""
        return tuple(self.picture(path) for path in paths)

    def clip(self, path: str) -> Clip:
        """A video file.

        Raises:
            DatasetError: missing, empty, or larger than 512 MB.
        """
        there = self.at(path)
        size = there.stat().st_size if there.is_file() else 0
        if not 0 < size <= MAX_VIDEO:
            raise DatasetError(f"{path} is no video that can be taken ({size} bytes, at most {MAX_VIDEO})")
        with there.open("rb") as file:
            return Clip(path=path, digest=hashlib.file_digest(file, "sha256").hexdigest())

    def json(self, path: str) -> Any:
        """A JSON file. Keys that are there twice in one object are counted: only the last is read.

        Raises:
            DatasetError: missing, too large, too deep, or no JSON.
        """
        there = self.at(path)
        try:
            with there.open("rb") as file:
                data = file.read(MAX_JSON + 1)
        except OSError as error:
            raise DatasetError(f"{there} cannot be read ({error.strerror}); {self.name} needs it") from error
        if len(data) > MAX_JSON:
            raise DatasetError(f"{there} is larger than {MAX_JSON >> 20} MB; that is no file of {self.name}")
        if data.startswith(_POINTER):
            raise DatasetError(f"{path} is a pointer of Git LFS, not the file; run `git lfs pull`")

        def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
            made = dict(found)
            self.left_out[f"{path}: a key is there twice, the last counts"] += len(found) - len(made)
            return made

        try:
            return json.loads(data.decode("utf-8-sig"), object_pairs_hook=pairs)
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"{there} is no JSON ({error}); load {self.name} again") from error

    def told(self) -> tuple[LeftOut, ...]:
        """All that was left out, and files that are never read since they may be code or are not needed."""
        unread = 0
        for count, path in enumerate(self.root.rglob("*")):
            unread += path.suffix.lower() in _UNREAD
            if count > _MOST_FILES:
                raise DatasetError(
                    f"{self.root} holds more than {_MOST_FILES:,} files; give a folder of its own"
                )
        found = [LeftOut(why=why, count=count) for why, count in sorted(self.left_out.items()) if count]
        if unread:
            found.append(
                LeftOut(why="files of weights, pickles or indexes, which are never read", count=unread)
            )
        return tuple(found)
