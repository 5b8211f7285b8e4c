"""Parquet with the columns owner, name and photos, and about, aliases and category where there are some."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jarvis_retrievers.errors import ExtraError, ImageError, InputError

from .entry import Beneath, Entry, beneath
from .outcome import Outcome, refused

__all__ = ["TableLot", "TableSource"]

_NEEDED, _MORE = ("owner", "name", "photos"), ("about", "aliases", "category")
_ROWS = 16
# Of a file that says it has more in one column of one group, reading would take all memory.
_GROUP_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class TableLot:
    """One row group of a file.

    Attributes:
        file: the file, resolved.
        group: its number; -1 for a file that cannot be read at all.
        first: number of its first row in the file, from 1.
        photos: the folder that paths of photos lead down from, resolved.
    """

    file: Path
    group: int
    first: int
    photos: Path

    def entries(self) -> Iterator[Entry | Outcome]:
        """See `Lot.entries`."""
        number, arrow = self.first, _arrow()
        try:
            with _opened(self.file) as table:
                names = _checked(table, self.group)
                for batch in table.iter_batches(_ROWS, row_groups=[self.group], columns=names):
                    for row in range(batch.num_rows):
                        yield self._entry(f"{self.file.name}:{number}", batch.slice(row, 1))
                        number += 1
        except (arrow.ArrowException, OSError, InputError) as error:
            yield refused(f"{self.file.name}:{number}", f"from here on it cannot be read: {error}")

    def _entry(self, place: str, row: Any) -> Entry | Outcome:
        try:
            ((cells,),) = (row.to_pylist(),)
            photos = cells.pop("photos")
            if not isinstance(photos, list):
                raise InputError(f"photos must be a list, got {type(photos).__name__}")
            about = cells.pop("about", None)
            given = () if about is None else about
            return Entry(place, **cells, about=given, photos=tuple(map(self._photo, photos)))
        except (InputError, ValueError) as error:
            return refused(place, error)

    def _photo(self, cell: Any) -> bytes | Beneath:
        if isinstance(cell, bytes):
            return cell
        if isinstance(cell, str):
            return beneath(self.photos, cell)
        raise ImageError(f"a photo must be bytes or a path, got {type(cell).__name__}")


@dataclass(frozen=True, slots=True)
class TableSource:
    """All rows of some files, in order."""

    files: tuple[Path, ...]
    photos: Path

    def __post_init__(self) -> None:
        _arrow()

    def count(self) -> int:
        """See `Source.count`; a file that cannot be read counts as one."""
        return sum(max(rows, 1) for _, _, rows in self._groups())

    def lots(self) -> Iterator[TableLot]:
        """See `Source.lots`."""
        first, before = 1, None
        for file, group, rows in self._groups():
            first = first if file == before else 1
            yield TableLot(file, group, first, self.photos)
            first, before = first + rows, file

    def _groups(self) -> Iterator[tuple[Path, int, int]]:
        """File, number of a row group, and its rows."""
        arrow = _arrow()
        for file in self.files:
            try:
                with _opened(file) as table:
                    groups = [table.metadata.row_group(n).num_rows for n in range(table.num_row_groups)]
            except (arrow.ArrowException, OSError, InputError):
                yield file, -1, 0
                continue
            yield from ((file, number, rows) for number, rows in enumerate(groups))


def _arrow() -> Any:
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise ExtraError(
            f"Parquet needs pyarrow, which cannot be imported ({error}); run: pip install "
            '"jarvis-plugins[scale]"'
        ) from error


def _opened(file: Path) -> Any:
    if file.is_symlink() or not file.is_file():
        raise InputError("it is a link or no plain file; give the file itself")
    return importlib.import_module("pyarrow.parquet").ParquetFile(file, page_checksum_verification=True)


def _checked(table: Any, group: int) -> list[str]:
    """The columns to read.

    Raises:
        InputError: one is missing, or too large.
    """
    there = set(table.schema_arrow.names)
    missing = [name for name in _NEEDED if name not in there]
    if missing:
        raise InputError(f"it has no column {missing[0]!r}; it needs {', '.join(_NEEDED)}")
    wanted = [name for name in (*_NEEDED, *_MORE) if name in there]
    told = table.metadata.row_group(group)
    for number in range(told.num_columns):
        column = told.column(number)
        if column.path_in_schema.split(".")[0] in wanted and column.total_uncompressed_size > _GROUP_BYTES:
            raise InputError(
                f"its column {column.path_in_schema!r} has {column.total_uncompressed_size >> 20} MB in one "
                f"row group, at most {_GROUP_BYTES >> 20} are read; write smaller row groups"
            )
    return wanted
