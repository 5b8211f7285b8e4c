"""The parts of the builder: distractors, the ledger, provenance, folders and homes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_bench.building import (
    PlainWitness,
    Proposal,
    Provenance,
    Rival,
    Spot,
    Trial,
    alike,
    choose_rivals,
    read_folder,
    read_home,
    read_provenance,
    write_provenance,
)
from jarvis_bench.building.covering import covered
from jarvis_bench.building.proposal import Testimony as Heard
from jarvis_bench.ledger import Ledger
from jarvis_bench.loaders import load
from jarvis_bench.reading import plain_text
from jarvis_memory import PersonalMemory
from jarvis_memory.profiling import Description, Subject
from jarvis_memory.vlm import VLM
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import DatasetError, JarvisError
from tests.bench.marks import photo
from tests.bench.worlds import save

WORDS = st.lists(st.sampled_from(["red", "blue", "a", "The", "collar", "leather", "star,"]), max_size=4).map(
    " ".join
)
RIVALS = st.lists(st.builds(Rival, concept=st.sampled_from("abcd"), answer=WORDS, likeness=st.floats(0, 1)))


@given(answer=WORDS, rivals=RIVALS)
@settings(max_examples=200, deadline=None)
def test_no_distractor_is_the_right_answer_and_no_two_are_alike(answer: str, rivals: list[Rival]) -> None:
    chosen = choose_rivals(answer, rivals)
    shown = [answer, *(one.answer for one in chosen)]
    for place, one in enumerate(shown):
        words = set(plain_text(one).split())
        for other in shown[place + 1 :]:
            others = set(plain_text(other).split())
            assert words - others
            assert others - words
    # The likest first, and none is left out that could stand beside them.
    assert [one.likeness for one in chosen] == sorted((one.likeness for one in chosen), reverse=True)
    for rival in rivals:
        assert rival in chosen or any(alike(rival.answer, other) for other in shown)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a red collar", "the red leather collar", True),
        ("red collar", "Collar, red.", True),
        ("red collar", "blue collar", False),
        ("red star", "red stars", False),
        ("two dots", "2 dots", True),
        ("", "anything", True),
    ],
)
def test_alike(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same


def test_a_ledger_asks_nothing_twice(tmp_path: Path) -> None:
    asked: list[list[int]] = []

    def ask(places: list[int]) -> list[str]:
        asked.append(places)
        return [f"answer {place}" for place in places]

    path = tmp_path / "asked.jsonl"
    ledger = Ledger(path)
    assert ledger.said([("a", "b"), ("ab", "")], ask) == ["answer 0", "answer 1"]
    assert ledger.said([("ab", ""), ("c",), ("a", "b")], ask) == ["answer 1", "answer 1", "answer 0"]
    assert asked == [[0, 1], [1]]
    with path.open("ab") as file:
        file.write(b'{"key": "cut off')
    again = Ledger(path)
    assert len(again) == 3
    assert again.said([("a", "b")], ask) == ["answer 0"]
    assert again.said([("d",)], ask) == ["answer 0"]
    assert [json.loads(line)["said"] for line in path.read_text().splitlines()][-1] == "answer 0"
    path.write_text('{"key": 1}\n')
    with pytest.raises(DatasetError, match="line 1 is no line of a ledger"):
        Ledger(path)


def test_provenance_is_read_as_it_was_written(tmp_path: Path) -> None:
    spot = Spot(photo="photos/0.png", box=(1, 2, 30, 40), relevance=0.9, distinctiveness=0.25, score=0.225)
    told = Provenance(
        models={"model": "pocket"},
        settings={"seed": 0, "agreement": 1.0, "checks": True},
        photos={"photos/0.png": "Bo/ä.png"},
        proposals=(
            Proposal(
                id="c0/0/vqa-choice",
                concept="c0",
                part="left ear",
                form="vqa choice",
                question="What is the left ear of Bo like?",
                answer="black tip",
                reason="most concepts have it",
                spots=(spot,),
                picture="photos/0.png",
                covered=(0, 0, 36, 48),
                testimonies=(
                    Heard(view="crop", spots=(spot,), asked="\u2028?", said='"black"\n tip', read=None),
                ),
                rivals=(Rival(concept="c1", answer="white tip", likeness=0.5),),
                trials=(Trial(pictures=("p",), options=("a", "b"), asked="?", said="A", right=True),),
            ),
            Proposal(id="c0/1/text-open", concept="c0", part="tail", form="text open", kept=True),
        ),
    )
    path = write_provenance(told, tmp_path / "provenance.jsonl")
    assert read_provenance(path) == told
    assert told.dropped == {"most concepts have it": 1}
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([lines[0], '{"id": 3}']) + "\n")
    with pytest.raises(DatasetError, match="line 2"):
        read_provenance(path)
    path.write_text('{"format": "other"}\n')
    with pytest.raises(DatasetError, match="build the data set again"):
        read_provenance(path)


def test_a_folder_of_concepts(tmp_path: Path) -> None:
    for name in ("Bo/2.png", "Bo/10.jpg", "cup/1.png", ".hidden/1.png"):
        save(tmp_path, name)
    (tmp_path / "Bo" / "notes.txt").write_text("Bo likes plums.\n", "utf-8")
    (tmp_path / "cup" / "concept.json").write_text('{"name": "Blue Cup", "category": "mug"}')
    (tmp_path / "Bo" / "weights.pt").write_bytes(b"no photo")
    bo, cup = read_folder(tmp_path)
    assert (bo.name, bo.category, bo.notes) == ("Bo", "", "Bo likes plums.")
    assert [one.origin for one in bo.photos] == ["Bo/2.png", "Bo/10.jpg"]
    assert bo.photos[1].ending == ".jpg"
    assert bo.photos[0].data == (tmp_path / "Bo" / "2.png").read_bytes()
    assert (cup.name, cup.category) == ("Blue Cup", "mug")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "expected a folder of photos for each concept, found nothing"),
        ({"1.png": None}, "found 1.png"),
        ({"a/1.png": b"no image"}, "1.png"),
        ({"a/1.png": None, "a/concept.json": b"[]"}, "is an object with texts"),
        ({"a/1.png": None, "a/concept.json": b'{"name": 3}'}, "is an object with texts"),
        ({"a/1.png": None, "a/notes.txt": b"\xff\xfe\x00"}, "no text in UTF-8"),
        ({"a/1.png": None, "b/concept.json": b'{"name": "A"}'}, "are called 'a'"),
    ],
)
def test_folders_that_cannot_be_used(files: dict[str, bytes | None], says: str, tmp_path: Path) -> None:
    for name, data in files.items():
        if data is None:
            save(tmp_path, name)
            continue
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    with pytest.raises(DatasetError, match=says):
        read_folder(tmp_path)


def test_no_folder_and_nothing_built(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no folder"):
        read_folder(tmp_path / "none")
    with pytest.raises(DatasetError, match=r"expected dataset.jsonl, found nothing"):
        load("built", tmp_path)
    with pytest.raises(JarvisError):
        read_home(tmp_path / "home", "me")


def test_a_home_of_an_owner(tmp_path: Path) -> None:
    with PersonalMemory.open(tmp_path / "home", owner="ana") as memory:
        images = [photo("1", "red"), photo("2", "red")]
        memory.remember("Bo", images, "Bo likes plums.", category="dog")
    (bo,) = read_home(tmp_path / "home", "ana")
    assert (bo.name, bo.category, bo.notes) == ("Bo", "dog", "Bo likes plums.")
    assert [one.ending for one in bo.photos] == [".png", ".png"]
    with pytest.raises(DatasetError, match="'eva' has no concept"):
        read_home(tmp_path / "home", "eva")


def test_a_cover_has_the_colour_around_it() -> None:
    image = photo("1", "red")
    box = Box(30, 30, 66, 66)
    painted = covered(image, box)
    rim = [image.getpixel((x, y)) for x in range(30, 66) for y in range(30, 66) if {x, y} & {30, 65}]
    # Corners are counted twice, once in a row and once in a column.
    rim += [image.getpixel((x, y)) for x in (30, 65) for y in (30, 65)]
    mean = sum(one[0] for one in rim if isinstance(one, tuple)) / len(rim)
    assert painted.getpixel((48, 48)) == (int(mean + 0.5),) * 3
    assert painted.getpixel((29, 48)) == image.getpixel((29, 48))
    assert painted.getpixel((66, 48)) == image.getpixel((66, 48))
    assert image.getpixel((48, 48)) == (255, 0, 0)


class Told:
    """A profiler that was told what to say."""

    def __init__(self, *attributes: str) -> None:
        self.said = Description(category="dog", attributes=attributes)

    def describe(self, subject: Subject) -> Description:
        return self.said


def test_plain_questions_about_the_parts_of_a_description() -> None:
    witness = PlainWitness(VLM.load("pocket", device="cpu"), Told("left ear: black tip", "pose: sitting"))
    assert witness.parts(Subject("Bo {part}")) == {"left ear": ("What is the left ear of Bo {part} like?",)}
    assert witness.prompt("What?").startswith("What? Answer in at most five words.")
    for said, read in (
        ("A red leather collar.", "red leather collar"),
        ("Not visible.", None),
        ("The collar is not visible here", None),
        ("none", None),
        ("It is a very long collar that I like to look at", None),
        ("", None),
    ):
        assert witness.read("collar", "Bo", said) == read
    asks = [(Subject("Bo", patches=(photo("1", "red"),)), "What is Bo?")]
    assert witness.say(asks * 2) == witness.say(asks) * 2
