"""Drills judge the decisive words alone, are balanced, and leave the context out of it."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from jarvis_pocket import ask
from jarvis_pocket.tokens import build_tokenizer
from jarvis_pocket.train.data import PREFIX
from jarvis_pocket.train.drills import VERDICTS, draw_drill, write_drill
from jarvis_pocket.train.writer import Example, Writer


@cache
def tokenizer() -> Any:
    return build_tokenizer()


def written(seed: int) -> Example:
    writer = Writer(tokenizer())
    writer.example, writer.ends = Example(), []
    writer.open(-1)
    writer.text(PREFIX)
    write_drill(random.Random(seed), writer, "train")
    return writer.example


@pytest.mark.parametrize(
    ("answer", "judged"),
    [
        ("Bo has a red star. Mi has a red star: yes, the same.", ["yes", "the same"]),
        ("Bo has a red star. Mi has a red moon: no, not the same.", ["no", "not the same"]),
        ("Bo likes rice: no. Mi likes soup: yes.", ["no", "yes"]),
        (
            "Bo is a red cat with a blue bow. I see a red dog with a blue bow, no. Bo is not here.",
            ["no", "not here"],
        ),
        (
            "Bo is a red cat with a blue bow. I see a red cat with a blue bow, yes. Bo is here.",
            ["yes", "here"],
        ),
        ("On the left a red cat. Like a red cat: Bo. Bo is a red cat. It is Bo.", ["Bo"]),
        ("A red cat. Like a red cat: Bo. Bo is a red spotted cat. It is a stranger.", ["a"]),
    ],
)
def test_the_decisive_words_are_judged(answer: str, judged: list[str]) -> None:
    assert [found.group() for found in VERDICTS.finditer(answer)] == judged
    writer = Writer(tokenizer())
    writer.example, writer.ends = Example(), []
    writer.open(-1)
    writer.verdicts(answer, VERDICTS, 9)
    example = writer.example
    assert tokenizer().decode(example.ids) == answer
    said = tokenizer().decode([i for i in example.labels if i >= 0])
    assert said.split() == " ".join(judged).split()
    assert [label >= 0 for label in example.labels] == [kind == 9 for kind in example.kinds]
    assert all(label in (-100, token) for label, token in zip(example.labels, example.ids, strict=True))


def test_half_are_the_same() -> None:
    same: dict[str, list[bool]] = {"recognise": [], "who": [], "emblem": [], "first": []}
    for seed in range(800):
        drill = draw_drill(random.Random(seed), "train")
        assert drill.right(drill.answer)
        if drill.kind == "recognise":
            same["recognise"].append("not here" not in drill.answer)
        elif drill.kind == "who":
            same["who"].append("stranger" not in drill.answer)
        elif "same" in drill.answer:
            same["emblem"].append("yes" in drill.answer)
        else:
            same["first"].append("yes" in drill.answer.split(".")[0])
    for kind, marks in same.items():
        assert len(marks) > 80
        assert 0.4 < sum(marks) / len(marks) < (0.7 if kind == "who" else 0.6), kind


def test_a_drill_stands_behind_the_context_and_has_a_kind_of_its_own() -> None:
    for seed in range(20):
        example = written(seed)
        assert example.parents == [-1, 0]
        kinds = {kind for kind in example.kinds if kind >= 0}
        assert kinds <= {
            len(ask.KINDS) + ask.KINDS.index("recognise"),
            len(ask.KINDS) + ask.KINDS.index("who"),
            len(ask.KINDS) + ask.KINDS.index("compare"),
        }
        assert kinds
