"""Evaluation that can be trusted: data sets, tasks, controls, methods behind one contract, statistics.

Above the floors: it may use all of them, none of them knows it. Importing this package loads no model;
a name loads its module on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dataset import BenchConcept as BenchConcept
    from .dataset import Dataset as Dataset
    from .dataset import LeftOut as LeftOut
    from .item import LETTERS as LETTERS
    from .item import TASKS as TASKS
    from .item import Clip as Clip
    from .item import Form as Form
    from .item import Item as Item
    from .item import Picture as Picture
    from .item import Source as Source
    from .item import Task as Task
    from .jsonl import FORMAT as FORMAT
    from .jsonl import VERSION as VERSION
    from .jsonl import read_dataset as read_dataset
    from .jsonl import write_dataset as write_dataset
    from .looks import NEAR as NEAR
    from .looks import look_distance as look_distance
    from .looks import look_of as look_of

_EXPORTS = {
    "FORMAT": "jsonl",
    "LETTERS": "item",
    "NEAR": "looks",
    "TASKS": "item",
    "VERSION": "jsonl",
    "BenchConcept": "dataset",
    "Clip": "item",
    "Dataset": "dataset",
    "Form": "item",
    "Item": "item",
    "LeftOut": "dataset",
    "Picture": "item",
    "Source": "item",
    "Task": "item",
    "look_distance": "looks",
    "look_of": "looks",
    "read_dataset": "jsonl",
    "write_dataset": "jsonl",
}

__all__ = [
    "FORMAT",
    "LETTERS",
    "NEAR",
    "TASKS",
    "VERSION",
    "BenchConcept",
    "Clip",
    "Dataset",
    "Form",
    "Item",
    "LeftOut",
    "Picture",
    "Source",
    "Task",
    "look_distance",
    "look_of",
    "read_dataset",
    "write_dataset",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
