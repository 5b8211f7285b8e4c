"""Items, data sets, and their lines on a disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from jarvis_bench import Dataset, Item, read_dataset, write_dataset
from jarvis_bench.dataset import BenchConcept
from jarvis_bench.item import LETTERS
from jarvis_retrievers.errors import DatasetError
from tests.bench.worlds import HERE, imagined, small_world

PICTURE = imagined("any")
WORDS = st.text(min_size=1, max_size=20).filter(lambda text: max(text) < "\ud800" or min(text) > "\udfff")


def item(**changes: Any) -> Item:
    values: dict[str, Any] = {
        "id": "one",
        "task": "vqa",
        "question": "What?",
        "images": (PICTURE,),
        "options": ("red", "blue"),
        "answer": "A",
        "source": HERE,
    }
    return Item(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"answer": "C"}, "letter of none of the 2 options"),
        ({"answer": ""}, "letter of none"),
        ({"options": ("red", "red")}, "alike"),
        ({"options": ("red",)}, "only one"),
        ({"options": (), "answer": ""}, "neither a reference"),
        ({"images": ()}, "'vqa' has a picture"),
        ({"task": "text"}, "'text' has none"),
        ({"task": "video"}, "video belongs"),
        ({"task": "recognition", "options": (), "answer": "maybe", "concepts": ("bo",)}, "'yes' or 'no'"),
        ({"task": "caption", "options": (), "answer": ""}, "needs a picture and the concepts"),
        ({"surprise": 1}, "surprise"),
        ({"id": ""}, "should match pattern"),
    ],
)
def test_an_item_that_cannot_be_asked_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        item(**changes)


def test_an_item_knows_its_form_and_its_line_of_the_table() -> None:
    assert (item().form, item().group, item().rotations) == ("choice", "vqa choice", 2)
    free = item(options=(), answer="red", concepts=("a", "b"))
    assert (free.form, free.group, free.rotations) == ("open", "multi vqa open", 1)
    asked = item(task="recognition", options=(), answer="no", concepts=("a",))
    assert (asked.form, asked.group) == ("yes_no", "recognition")
    with pytest.raises(ValidationError, match="frozen"):
        free.answer = "blue"


def test_a_data_set_is_whole(tmp_path: Path) -> None:
    data = small_world(tmp_path)
    assert len(data.items) == 4 * 3 * 7
    assert data.splits == {"test": 84}
    assert data.concept("bo").name == "Bo"
    with pytest.raises(DatasetError, match="no concept 'rex' in small world; it has 4 others"):
        data.concept("rex")
    with pytest.raises(DatasetError, match="no split 'val'; it has test"):
        data.split("val")
    for changes, said in (
        ({"items": (data.items[0], data.items[0])}, "items are there twice"),
        (
            {"concepts": (*data.concepts, BenchConcept(id="x", name="BO"))},
            "names of concepts are there twice",
        ),
        ({"concepts": data.concepts[1:]}, "'bo', which is no concept"),
    ):
        with pytest.raises(ValidationError, match=said):
            Dataset(**(dict(data) | changes))


def test_what_is_cached_stays_behind(tmp_path: Path) -> None:
    world = small_world(tmp_path, concepts=2, images=2)
    halves = [
        one.model_copy(update={"split": "val" if number % 2 else "test"})
        for number, one in enumerate(world.items)
    ]
    data = world.keeping(halves)
    whole = data.digest
    assert data.concept("bo").notes
    digests = {data.split(name).digest for name in ("val", "test")} | {whole}
    assert len(digests) == 3
    assert data.split("val").digest == data.keeping(halves[1::2]).digest
    told = tuple(one.model_copy(update={"notes": ""}) for one in data.concepts)
    copy = data.model_copy(update={"concepts": told})
    assert copy.digest not in digests
    assert copy.concept("bo").notes == ""
    assert data.model_copy().digest == whole


def test_lines_give_the_same_data_back(tmp_path: Path) -> None:
    data = small_world(tmp_path)
    path = write_dataset(data, tmp_path / "out" / "data.jsonl")
    again = read_dataset(path, tmp_path)
    assert again == data
    assert again.digest == data.digest
    elsewhere = read_dataset(path, tmp_path / "moved")
    assert elsewhere.digest == data.digest
    assert elsewhere != data
    fewer = data.keeping(data.items[1:])
    assert fewer.digest != data.digest
    assert [one.name for one in path.parent.iterdir()] == ["data.jsonl"]


@settings(max_examples=25, deadline=None)
@given(
    question=WORDS,
    options=st.lists(WORDS, min_size=2, max_size=10, unique=True),
    notes=st.text(max_size=40).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
    right=st.integers(0, 9),
)
def test_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory, question: str, options: list[str], notes: str, right: int
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    asked = item(question=question, options=tuple(options), answer=LETTERS[right % len(options)])
    data = Dataset(
        name="x", root=folder, concepts=(BenchConcept(id="a", name="A", notes=notes),), items=(asked,)
    )
    assert read_dataset(write_dataset(data, folder / "data.jsonl"), folder) == data


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [], "no such 'format'"),
        (lambda lines: [json.dumps({"format": "other"})], "no such 'format'"),
        (lambda lines: [lines[0].replace('"version": 1', '"version": 9'), *lines[1:]], "version 9.*update"),
        (lambda lines: [*lines, "{"], "line 90 is no JSON"),
        (lambda lines: [*lines, "[1]"], "line 90 is no JSON object but list"),
        (lambda lines: [*lines, json.dumps({"thing": 1})], "line 90: expected one 'concept' or one 'item'"),
        (lambda lines: [*lines, "[" * 100_000], "line 90 is no JSON"),
        (lambda lines: [*lines[:5], *[line.replace('"bo"', '"bx"', 1) for line in lines[5:]]], "no concept"),
        (
            lambda lines: [*lines[:-1], lines[-1].replace('"caption"', '"guess"')],
            "line 89: task: Input should be",
        ),
    ],
)
def test_spoilt_lines_are_named(tmp_path: Path, spoil: Any, said: str) -> None:
    path = write_dataset(small_world(tmp_path), tmp_path / "data.jsonl")
    path.write_text("\n".join(spoil(path.read_text("utf-8").splitlines())), encoding="utf-8")
    with pytest.raises(DatasetError, match=said):
        read_dataset(path, tmp_path)


def test_a_missing_file_and_a_long_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cannot be read \(No such file"):
        read_dataset(tmp_path / "none.jsonl", tmp_path)
    (tmp_path / "long.jsonl").write_bytes(b"x" * (5 * 1024 * 1024))
    with pytest.raises(DatasetError, match="more than is read"):
        read_dataset(tmp_path / "long.jsonl", tmp_path)
