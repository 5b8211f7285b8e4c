"""Readers of RAP and PerVA, and what all readers share, on small trees in exactly their layouts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jarvis_bench.loaders import LOADERS, load, natural
from jarvis_bench.loaders.gather import placed
from jarvis_retrievers.errors import SettingError
from tests.bench.layouts import groups, left_out, one, perva, rap, truths, write
from tests.bench.worlds import save

# RAP


def test_rap(tmp_path: Path) -> None:
    rap(tmp_path)
    data = load("rap", tmp_path)
    bo, mam = data.concepts
    assert (bo.id, bo.name, bo.category, bo.notes) == ("bo", "bo", "dog", "bo is a dog with a red collar.")
    assert (mam.name, mam.notes) == ("mam", "general: a cat. color: gray.")
    assert [photo.path for photo in mam.photos] == [
        "example_database/mam/0.png",
        "example_database/mam/1.png",
    ]
    # Two pictures, two concepts: four items out of six lines, of which two are "negative" and true.
    assert truths(data, ("bo",)) == {
        "benchmark_data/yollava-data/test/bo/4.png": "yes",
        "benchmark_data/yollava-data/test/mam/4.png": "no",
    }
    assert groups(data) == {"recognition": 4, "vqa choice": 1, "text choice": 1}
    assert one(data, "text choice").question == "Has bo a tail?"
    assert one(data, "vqa choice").question == "Is bo red?"
    lists = "eval/recognition_test.json"
    assert left_out(data) == {
        f"{lists}: picture and concept are there twice": 2,
        f"{lists}: unknown concept": 1,
        f"{lists}: an entry lacks its picture, concept or answer": 1,
        f"{lists}: the picture is not there": 1,
        "files of weights, pickles or indexes, which are never read": 1,
    }


def test_rap_takes_one_database_and_no_contradiction(tmp_path: Path) -> None:
    rap(tmp_path)
    lines = json.loads((tmp_path / "eval/recognition_test.json").read_text("utf-8"))
    write(tmp_path, "eval/recognition_test.json", [*lines, lines[0] | {"correct_answer": False}])
    for name in ("bo.png", "mam/0.png", "mam/1.png"):
        save(tmp_path, f"other/{name}")
    (tmp_path / "example_database/database.json").rename(tmp_path / "other/database.json")
    data = load("rap", tmp_path, database="other")
    assert data.name == "RAP, other"
    assert [photo.path for photo in data.concepts[0].photos] == ["other/bo.png"]
    assert groups(data)["recognition"] == 3
    assert left_out(data)["eval/recognition_test.json: answered yes and no"] == 1


# PerVA


def test_perva(tmp_path: Path) -> None:
    perva(tmp_path)
    data = load("perva", tmp_path)
    assert {concept.id: concept.name for concept in data.concepts} == {
        "bag/alx": "alx bag",
        "bag/mia": "mia",
        "cup/alx": "alx cup",
    }
    assert groups(data) == {"recognition": 5, "caption": 3}
    assert truths(data, ("bag/alx",)) == {"test/bag/alx/1.jpg": "yes", "test/bag/mia/1.jpg": "no"}
    assert groups(load("perva", tmp_path, across=True))["recognition"] == 9
    assert left_out(data) == {"pictures of concepts without references": 1}


# All


def test_names_and_settings_of_readers(tmp_path: Path) -> None:
    assert set(LOADERS) == {"yollava", "myvlm", "mc-llava", "this-is-my-img", "rap", "perva", "built"}
    with pytest.raises(SettingError, match="no data set 'coco'; there are built, mc-llava"):
        load("coco", tmp_path)
    with pytest.raises(SettingError, match="perva has no setting 'seed'; it has views, across"):
        load("perva", tmp_path, seed=1)


def test_placeholders() -> None:
    assert placed("<image>\nIs <sks> sks's dog? desks, <sksks>", "bo") == "Is bo bo's dog? desks, <sksks>"
    assert placed("Is sks here?", r"\1 <sks>") == r"Is \1 <sks> here?"


def test_natural_order() -> None:
    assert sorted(["10.png", "2.png", "b1", "B0", "1.png"], key=natural) == [
        "1.png",
        "2.png",
        "10.png",
        "B0",
        "b1",
    ]
