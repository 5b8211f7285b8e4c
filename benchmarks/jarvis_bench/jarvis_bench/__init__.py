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
    from .intervals import RESAMPLES as RESAMPLES
    from .intervals import Difference as Difference
    from .intervals import Interval as Interval
    from .intervals import McNemar as McNemar
    from .intervals import bootstrap as bootstrap
    from .intervals import mcnemar as mcnemar
    from .intervals import paired_bootstrap as paired_bootstrap
    from .intervals import wilson as wilson
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
    from .judging import By as By
    from .judging import Judge as Judge
    from .judging import Mark as Mark
    from .judging import free_answer_right as free_answer_right
    from .judging import mark_answer as mark_answer
    from .looks import NEAR as NEAR
    from .looks import look_distance as look_distance
    from .looks import look_of as look_of
    from .measure import Measure as Measure
    from .measure import accuracy as accuracy
    from .measure import caption_recall as caption_recall
    from .measure import recognition_f1 as recognition_f1
    from .measure import unit_of as unit_of
    from .outcome import Outcome as Outcome
    from .outcome import outcomes_of as outcomes_of
    from .reading import holds_phrase as holds_phrase
    from .reading import names_in as names_in
    from .reading import plain_text as plain_text
    from .reading import read_letter as read_letter
    from .reading import read_yes_no as read_yes_no
    from .score import Score as Score
    from .score import grouped as grouped
    from .score import measure_of as measure_of
    from .score import scores_of as scores_of

_EXPORTS = {
    "FORMAT": "jsonl",
    "LETTERS": "item",
    "NEAR": "looks",
    "RESAMPLES": "intervals",
    "TASKS": "item",
    "VERSION": "jsonl",
    "BenchConcept": "dataset",
    "By": "judging",
    "Clip": "item",
    "Dataset": "dataset",
    "Difference": "intervals",
    "Form": "item",
    "Interval": "intervals",
    "Item": "item",
    "Judge": "judging",
    "LeftOut": "dataset",
    "Mark": "judging",
    "McNemar": "intervals",
    "Measure": "measure",
    "Outcome": "outcome",
    "Picture": "item",
    "Score": "score",
    "Source": "item",
    "Task": "item",
    "accuracy": "measure",
    "bootstrap": "intervals",
    "caption_recall": "measure",
    "free_answer_right": "judging",
    "grouped": "score",
    "holds_phrase": "reading",
    "look_distance": "looks",
    "look_of": "looks",
    "mark_answer": "judging",
    "mcnemar": "intervals",
    "measure_of": "score",
    "names_in": "reading",
    "outcomes_of": "outcome",
    "paired_bootstrap": "intervals",
    "plain_text": "reading",
    "read_dataset": "jsonl",
    "read_letter": "reading",
    "read_yes_no": "reading",
    "recognition_f1": "measure",
    "scores_of": "score",
    "unit_of": "measure",
    "wilson": "intervals",
    "write_dataset": "jsonl",
}

__all__ = [
    "FORMAT",
    "LETTERS",
    "NEAR",
    "RESAMPLES",
    "TASKS",
    "VERSION",
    "BenchConcept",
    "By",
    "Clip",
    "Dataset",
    "Difference",
    "Form",
    "Interval",
    "Item",
    "Judge",
    "LeftOut",
    "Mark",
    "McNemar",
    "Measure",
    "Outcome",
    "Picture",
    "Score",
    "Source",
    "Task",
    "accuracy",
    "bootstrap",
    "caption_recall",
    "free_answer_right",
    "grouped",
    "holds_phrase",
    "look_distance",
    "look_of",
    "mark_answer",
    "mcnemar",
    "measure_of",
    "names_in",
    "outcomes_of",
    "paired_bootstrap",
    "plain_text",
    "read_dataset",
    "read_letter",
    "read_yes_no",
    "recognition_f1",
    "scores_of",
    "unit_of",
    "wilson",
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
