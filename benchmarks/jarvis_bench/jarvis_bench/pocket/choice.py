"""Splits by name, drawn into a folder once and read from there after that."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Final

from jarvis_retrievers.errors import DatasetError

from ..dataset import Dataset
from ..jsonl import read_dataset, write_dataset
from .card import card_of
from .paper import told_of
from .size import SPLIT_NAMES, Size, size_of
from .splits import DRAWN
from .studio import Studio

__all__ = ["SPLITS", "draw_split"]

SPLITS: Final = SPLIT_NAMES
_LICENCE: Final = "drawn by this package; Apache-2.0"


def draw_split(
    name: str, root: str | os.PathLike[str], *, seed: int = 0, size: Size | None = None
) -> Dataset:
    """A split of Pocket: equal seeds and sizes draw equal data, to the pixel.

    Args:
        name: one of `SPLITS`.
        root: a folder for its pictures and ``dataset.jsonl``; what was drawn there before is read again.
        seed: of everything that is drawn.
        size: how much; by default `size_of` the split.

    Raises:
        SettingError: no such split. DatasetError: the folder holds other data.
    """
    size = size or size_of(name)
    folder = Path(root).expanduser()
    written = folder / "dataset.jsonl"
    called = f"pocket {name} ({size.concepts}x{size.photos}, {size.pictures}, {size.questions}; seed {seed})"
    if written.exists():
        dataset = read_dataset(written, folder)
        if dataset.name != called:
            raise DatasetError(f"{folder} holds {dataset.name}, not {called}; use another folder")
        return dataset
    rng = random.Random(f"pocket/{name}/{seed}/{size}")
    drawn = DRAWN[name](Studio(folder, rng), rng, size)
    paper = drawn.paper
    told = zip(paper.concepts, drawn.notes, drawn.photos, drawn.later, strict=True)
    dataset = Dataset(
        name=called,
        root=folder,
        concepts=tuple(told_of(*one) for one in told),
        items=tuple(paper.items),
        licence=_LICENCE,
        card=card_of(drawn),
    )
    # Last: a folder that has it has all the pictures.
    write_dataset(dataset, written)
    return dataset
