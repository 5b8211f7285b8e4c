"""Evaluation that can be trusted: data sets, tasks, controls, methods behind one contract, statistics.

Above the floors: it may use all of them, none of them knows it. Importing this package loads no model;
a name loads its module on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .answers import Answer as Answer
    from .answers import AnswerLog as AnswerLog
    from .audit import Sign as Sign
    from .audit import constant_signs as constant_signs
    from .audit import dropped_signs as dropped_signs
    from .audit import leak_signs as leak_signs
    from .campaign import Campaign as Campaign
    from .campaign import run_campaign as run_campaign
    from .canary import Canary as Canary
    from .canary import run_canary as run_canary
    from .comparison import Comparison as Comparison
    from .comparison import compare as compare
    from .comparison import compare_runs as compare_runs
    from .comparison import read_outcomes as read_outcomes
    from .controls import ARMS as ARMS
    from .controls import Arm as Arm
    from .controls import Plan as Plan
    from .controls import known_to as known_to
    from .controls import swapped as swapped
    from .dataset import BenchConcept as BenchConcept
    from .dataset import Dataset as Dataset
    from .dataset import LeftOut as LeftOut
    from .disguise import Disguise as Disguise
    from .intervals import RESAMPLES as RESAMPLES
    from .intervals import Difference as Difference
    from .intervals import Interval as Interval
    from .intervals import McNemar as McNemar
    from .intervals import bootstrap as bootstrap
    from .intervals import mcnemar as mcnemar
    from .intervals import paired_bootstrap as paired_bootstrap
    from .intervals import wilson as wilson
    from .item import LETTERS as LETTERS
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
    from .judging import mark_answer as mark_answer
    from .leaks import Leak as Leak
    from .leaks import cleaned as cleaned
    from .leaks import doubles_of as doubles_of
    from .leaks import leaks_of as leaks_of
    from .looks import NEAR as NEAR
    from .looks import look_distance as look_distance
    from .looks import look_of as look_of
    from .measure import Measure as Measure
    from .measure import accuracy as accuracy
    from .measure import caption_recall as caption_recall
    from .measure import recognition_f1 as recognition_f1
    from .method import BenchMemory as BenchMemory
    from .method import ConstantMethod as ConstantMethod
    from .method import Introduction as Introduction
    from .method import Method as Method
    from .method import Query as Query
    from .method import Reply as Reply
    from .method import Setting as Setting
    from .method import Updating as Updating
    from .outcome import Outcome as Outcome
    from .outcome import outcomes_of as outcomes_of
    from .plot import draw_costs as draw_costs
    from .plot import front as front
    from .progress import Course as Course
    from .result import ArmResult as ArmResult
    from .result import Cost as Cost
    from .result import Result as Result
    from .runner import run as run
    from .sample import sampled as sampled
    from .score import Score as Score
    from .score import measure_of as measure_of
    from .score import scores_of as scores_of
    from .summary import Row as Row
    from .summary import Summary as Summary
    from .summary import summarise as summarise
    from .table import to_json as to_json
    from .table import to_markdown as to_markdown
    from .times import Ratio as Ratio
    from .times import Times as Times
    from .verdicts import RememberingJudge as RememberingJudge

_EXPORTS = {
    "ARMS": "controls",
    "FORMAT": "jsonl",
    "LETTERS": "item",
    "NEAR": "looks",
    "RESAMPLES": "intervals",
    "VERSION": "jsonl",
    "Answer": "answers",
    "AnswerLog": "answers",
    "Arm": "controls",
    "ArmResult": "result",
    "BenchConcept": "dataset",
    "BenchMemory": "method",
    "By": "judging",
    "Campaign": "campaign",
    "Canary": "canary",
    "Clip": "item",
    "Comparison": "comparison",
    "ConstantMethod": "method",
    "Cost": "result",
    "Dataset": "dataset",
    "Difference": "intervals",
    "Disguise": "disguise",
    "Form": "item",
    "Interval": "intervals",
    "Introduction": "method",
    "Item": "item",
    "Judge": "judging",
    "Leak": "leaks",
    "LeftOut": "dataset",
    "Mark": "judging",
    "McNemar": "intervals",
    "Measure": "measure",
    "Method": "method",
    "Outcome": "outcome",
    "Picture": "item",
    "Plan": "controls",
    "Query": "method",
    "RememberingJudge": "verdicts",
    "Reply": "method",
    "Result": "result",
    "Row": "summary",
    "Score": "score",
    "Setting": "method",
    "Sign": "audit",
    "Source": "item",
    "Summary": "summary",
    "Task": "item",
    "Updating": "method",
    "accuracy": "measure",
    "bootstrap": "intervals",
    "caption_recall": "measure",
    "cleaned": "leaks",
    "compare": "comparison",
    "compare_runs": "comparison",
    "constant_signs": "audit",
    "doubles_of": "leaks",
    "draw_costs": "plot",
    "dropped_signs": "audit",
    "front": "plot",
    "known_to": "controls",
    "leak_signs": "audit",
    "leaks_of": "leaks",
    "look_distance": "looks",
    "look_of": "looks",
    "mark_answer": "judging",
    "mcnemar": "intervals",
    "measure_of": "score",
    "outcomes_of": "outcome",
    "paired_bootstrap": "intervals",
    "read_dataset": "jsonl",
    "read_outcomes": "comparison",
    "recognition_f1": "measure",
    "run": "runner",
    "run_campaign": "campaign",
    "run_canary": "canary",
    "sampled": "sample",
    "scores_of": "score",
    "summarise": "summary",
    "swapped": "controls",
    "to_json": "table",
    "to_markdown": "table",
    "wilson": "intervals",
    "write_dataset": "jsonl",
    "Course": "progress",
    "Ratio": "times",
    "Times": "times",
}

__all__ = [
    "ARMS",
    "FORMAT",
    "LETTERS",
    "NEAR",
    "RESAMPLES",
    "VERSION",
    "Answer",
    "AnswerLog",
    "Arm",
    "ArmResult",
    "BenchConcept",
    "BenchMemory",
    "By",
    "Campaign",
    "Canary",
    "Clip",
    "Comparison",
    "ConstantMethod",
    "Cost",
    "Course",
    "Dataset",
    "Difference",
    "Disguise",
    "Form",
    "Interval",
    "Introduction",
    "Item",
    "Judge",
    "Leak",
    "LeftOut",
    "Mark",
    "McNemar",
    "Measure",
    "Method",
    "Outcome",
    "Picture",
    "Plan",
    "Query",
    "Ratio",
    "RememberingJudge",
    "Reply",
    "Result",
    "Row",
    "Score",
    "Setting",
    "Sign",
    "Source",
    "Summary",
    "Task",
    "Times",
    "Updating",
    "accuracy",
    "bootstrap",
    "caption_recall",
    "cleaned",
    "compare",
    "compare_runs",
    "constant_signs",
    "doubles_of",
    "draw_costs",
    "dropped_signs",
    "front",
    "known_to",
    "leak_signs",
    "leaks_of",
    "look_distance",
    "look_of",
    "mark_answer",
    "mcnemar",
    "measure_of",
    "outcomes_of",
    "paired_bootstrap",
    "read_dataset",
    "read_outcomes",
    "recognition_f1",
    "run",
    "run_campaign",
    "run_canary",
    "sampled",
    "scores_of",
    "summarise",
    "swapped",
    "to_json",
    "to_markdown",
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
