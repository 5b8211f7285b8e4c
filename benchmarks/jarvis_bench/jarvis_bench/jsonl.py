"""Data sets as JSON lines: a head, a line for each concept, a line for each item. Bounded, and never code."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from jarvis_retrievers.errors import DatasetError

from .dataset import BenchConcept, Dataset
from .files import write_whole
from .item import Item

__all__ = ["FORMAT", "VERSION", "json_lines", "read_dataset", "write_dataset"]

FORMAT: Final = "jarvis-bench"
VERSION: Final = 1
_MAX_LINE: Final = 4 * 1024 * 1024
_MAX_LINES: Final = 5_000_000


def write_dataset(dataset: Dataset, path: str | os.PathLike[str]) -> Path:
    """Write a data set; a file of that name is replaced, whole or not at all.

    Its pictures stay where they are: ``root`` is not written, paths are relative to it.
    """
    target = Path(path).expanduser()
    target.parent.mkdir(parents=True, exist_ok=True)
    head = dataset.model_dump(mode="json", exclude={"root", "concepts", "items"})
    lines = (
        {"format": FORMAT, "version": VERSION} | head,
        *({"concept": one.model_dump(mode="json")} for one in dataset.concepts),
        *({"item": one.model_dump(mode="json")} for one in dataset.items),
    )
    write_whole(target, (json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return target


def read_dataset(path: str | os.PathLike[str], root: str | os.PathLike[str]) -> Dataset:
    """Read what `write_dataset` wrote; ``root`` is the folder of the pictures.

    Raises:
        DatasetError: no such file, another format or version, or a line that is not what it should be; the
            message names the line.
    """
    source = Path(path).expanduser()
    lines = json_lines(source)
    number, head = next(lines, (0, {}))
    if head.pop("format", None) != FORMAT:
        raise DatasetError(f"{source} is no data set of {FORMAT}: its first line has no such 'format'")
    version = head.pop("version", None)
    if version != VERSION:
        raise DatasetError(
            f"{source} has version {version!r}, this release reads {VERSION}; update the package"
        )
    concepts: list[BenchConcept] = []
    items: list[Item] = []
    try:
        for number, line in lines:
            match list(line.items()):
                case [("concept", value)]:
                    concepts.append(BenchConcept.model_validate(value))
                case [("item", value)]:
                    items.append(Item.model_validate(value))
                case _:
                    raise DatasetError(f"{source}, line {number}: expected one 'concept' or one 'item'")
        return Dataset(root=Path(root).expanduser(), concepts=tuple(concepts), items=tuple(items), **head)
    except (ValidationError, TypeError) as error:
        raise DatasetError(f"{source}, near line {number}: {_first(error)}") from error


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and object of each line of a file.

    Raises:
        DatasetError: missing or unreadable, a line longer than 4 MB or no JSON object, more than 5 million.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(_MAX_LINE + 1):
                number += 1
                if len(raw) > _MAX_LINE or number > _MAX_LINES:
                    raise DatasetError(f"{path}, line {number}: more than is read ({_MAX_LINE} bytes a line)")
                try:
                    value = json.loads(raw)
                except (ValueError, RecursionError) as error:
                    raise DatasetError(
                        f"{path}, line {number} is no JSON ({error}); write it again"
                    ) from error
                if not isinstance(value, dict):
                    raise DatasetError(f"{path}, line {number} is no JSON object but {type(value).__name__}")
                yield number, value
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}); check the path") from error


def _first(error: ValidationError | TypeError) -> str:
    if isinstance(error, ValidationError):
        one = error.errors()[0]
        return f"{'.'.join(map(str, one['loc'])) or 'value'}: {one['msg']}"
    return str(error)
