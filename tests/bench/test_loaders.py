"""Readers of published data, each on a small tree in exactly its layout, with its traps."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jarvis_bench import Dataset, Item, cleaned, leaks_of
from jarvis_bench.loaders import LOADERS, lettered, load, natural
from jarvis_bench.loaders.gather import placed
from jarvis_retrievers.errors import SettingError
from tests.bench.worlds import save


def write(root: Path, path: str, value: Any) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(value), encoding="utf-8")


def groups(data: Dataset) -> dict[str, int]:
    return dict(Counter(item.group for item in data.items))


def one(data: Dataset, group: str, key: str = "") -> Item:
    (found,) = [item for item in data.items if item.group == group and key in item.source.key]
    return found


def truths(data: Dataset, concepts: tuple[str, ...]) -> dict[str, str]:
    """The answer of each picture to whether these concepts are in it."""
    return {
        item.images[0].path: item.answer
        for item in data.items
        if item.task == "recognition" and item.concepts == concepts
    }


def left_out(data: Dataset) -> dict[str, int]:
    return {one.why: one.count for one in data.left_out}


# Yo'LLaVA


def yollava(root: Path, base: str = "yollava-data/") -> None:
    for concept, train, test in (("bo", (0, 2, 10, 1), (0, 7)), ("shiba-gray", (0,), (1, 3))):
        for number in train:
            save(root, f"{base}train/{concept}/{number}.png")
        for number in test:
            save(root, f"{base}test/{concept}/{number}.png")
    save(root, f"{base}train/bo/negative_example/0123.png")
    write(root, f"{base}train/bo/negative_example/scores.json", [{"image_path": "/home/somebody/x.png"}])
    write(root, f"{base}train/bo/.hidden.png", "no image")
    asked = {"question": "Is <sks> red?", "options": {"A": "Yes", "B": "No"}, "correct_answer": "B"}
    write(
        root,
        f"{base}yollava-visual-qa.json",
        {
            "bo": {
                "./yollava-data/test/bo/7.png": asked,
                "./yollava-data/test/bo/99.png": asked,
                "./yollava-data/test/bo/0.png": asked | {"options": {"A": "Yes", "B": "Yes"}},
            },
            "shiba-gray": {"./yollava-data/test/shiba-gray/3.png": asked},
            "nobody": {"./yollava-data/test/bo/0.png": asked},
        },
    )
    text = {"question": "What is sks's breed?", "option": {"A": "Corgi", "B": "Shiba"}, "correct_answer": "B"}
    write(root, f"{base}yollava-text-only-qa.json", {"bo": {"0": text, "1": text | {"correct_answer": None}}})


@pytest.mark.parametrize("base", ["yollava-data/", ""])
def test_yollava(tmp_path: Path, base: str) -> None:
    yollava(tmp_path, base)
    data = load("yollava", tmp_path, views=3)
    assert [concept.id for concept in data.concepts] == ["bo", "shiba-gray"]
    # The first three in natural order; what lies in negative_example is none.
    assert [photo.path for photo in data.concepts[0].photos] == [
        f"{base}train/bo/{number}.png" for number in (0, 1, 2)
    ]
    assert groups(data) == {"recognition": 8, "caption": 4, "vqa choice": 2, "text choice": 1}
    assert truths(data, ("bo",)) == {
        f"{base}test/bo/0.png": "yes",
        f"{base}test/bo/7.png": "yes",
        f"{base}test/shiba-gray/1.png": "no",
        f"{base}test/shiba-gray/3.png": "no",
    }
    asked = one(data, "vqa choice", "bo/7")
    assert (asked.question, asked.options, asked.answer) == ("Is bo red?", ("Yes", "No"), "B")
    assert asked.source.doubt == ""
    assert "'Dog'" in one(data, "vqa choice", "shiba-gray/3").source.doubt
    text = one(data, "text choice")
    assert (text.question, text.answer, text.images) == ("What is bo's breed?", "B", ())
    assert left_out(data) == {
        f"{base}yollava-visual-qa.json: the picture is not there": 1,
        f"{base}yollava-visual-qa.json: unknown concept": 1,
        f"{base}yollava-visual-qa.json: options are alike, or there is only one": 1,
        f"{base}yollava-text-only-qa.json: a question or an answer is missing": 1,
    }
    assert "Git LFS" in data.card


def test_yollava_with_pictures_alone(tmp_path: Path) -> None:
    yollava(tmp_path)
    for path in (tmp_path / "yollava-data").glob("*.json"):
        path.unlink()
    assert groups(load("yollava", tmp_path)) == {"recognition": 8, "caption": 4}


def test_a_reference_that_is_tested_is_found(tmp_path: Path) -> None:
    yollava(tmp_path)
    save(tmp_path, "yollava-data/test/bo/8.png", "yollava-data/train/bo/0.png")
    data = load("yollava", tmp_path)
    assert {leak.picture for leak in leaks_of(data)} == {"yollava-data/test/bo/8.png"}
    assert groups(cleaned(data))["recognition"] == 8


# MyVLM


def myvlm(root: Path, base: str = "") -> None:
    for concept in ("maeve_dog", "red_chicken"):
        for number in range(6):
            ending = "JPG" if number == 3 else "jpg"
            save(root, f"{base}{concept}/{concept}_{number}.{ending}")
    (root / base / "red_chicken" / "head.pt").write_bytes(b"\x80\x04cos\nsystem\n")
    captions = {
        "maeve_dog_0.jpg": ["A dog.", "Another."],
        "maeve_dog_1.jpg": [],
        "maeve_dog_2.jpg": "no list",
    }
    captions |= {f"maeve_dog_{number}.{'JPG' if number == 3 else 'jpg'}": ["A dog."] for number in (3, 4, 5)}
    write(root, f"{base}maeve_dog/captions.json", captions)


@pytest.mark.parametrize("base", ["", "data/"])
def test_myvlm(tmp_path: Path, base: str) -> None:
    myvlm(tmp_path, base)
    data = load("myvlm", tmp_path, views=4, seed=1)
    assert [concept.name for concept in data.concepts] == ["maeve dog", "red chicken"]
    assert groups(data) == {"recognition": 8, "caption": 4}
    for concept in data.concepts:
        references = {photo.path for photo in concept.photos}
        positives = {path for path, answer in truths(data, (concept.id,)).items() if answer == "yes"}
        assert len(references) == 4
        assert len(positives) == 2
        assert not references & positives
    assert leaks_of(data) == ()
    assert load("myvlm", tmp_path, views=4, seed=1) == data
    splits = {
        tuple(p.path for p in load("myvlm", tmp_path, seed=seed).concepts[0].photos) for seed in range(9)
    }
    assert len(splits) > 1
    assert left_out(data) == {"files of weights, pickles or indexes, which are never read": 1}
    captions = {item.images[0].path: item.answer for item in data.items if item.task == "caption"}
    for path, answer in captions.items():
        known = "maeve" in path and not path.endswith(("_1.jpg", "_2.jpg"))
        assert answer == ("A dog." if known else "")


# MC-LLaVA


def mc_llava(root: Path) -> None:
    for concept in ("Anna", "Ben", "Lo_La"):
        for number in range(3):
            save(root, f"two_concept/concept/train/{concept}/{number}.png")
            save(root, f"two_concept/concept/train/{concept}/{number}_mask.png")
        write(root, f"two_concept/concept/train/{concept}/caption_llava.json", {})
        for number in range(2):
            save(root, f"two_concept/concept/test/{concept}/{number}.png")
    for number in range(2):
        save(root, f"two_concept/multi/Anna_Ben/{number}.png")
    save(root, "two_concept/multi/Ben_Zoe/0.png")
    save(root, "random-images/0.png")
    test, multi = "two_concept/concept/test/Anna", "two_concept/multi/Anna_Ben"
    here = f"../mcdataset/{test}/0.png"
    write(root, f"{test}/choice.json", {here: {"Human": "What does <Anna> wear? A. Red. B. Blue", "AI": "B"}})
    write(root, f"{test}/vqa.json", {here: {"Human": "What does <Anna> hold?", "AI": "A cup."}})
    qa = [
        {"question": "Is <Anna> tall? A. Yes. B. No", "answer": "A."},
        {"question": "Is she?", "answer": "A"},
    ]
    write(root, f"{test}/qa.json", qa)
    pairs = [
        {"Human": "Where is <Ben>? A. left. B. right. C. nowhere", "AI": "C"},
        {"Human": "Do <Anna> and <Ben> talk? A. Yes. B. No", "AI": "A"},
    ]
    write(
        root, f"{multi}/choice.json", {f"mcdataset/{multi}/1.png": pairs, f"mcdataset/{multi}/9.png": pairs}
    )
    write(root, f"{multi}/qa.json", [{"question": "Are both human? A. Yes. B. No", "answer": "A"}])
    positions = {"0.png": {"Anna": "left", "Ben": "right"}, f"x/{multi}/1.png": {"Anna": "left", "Ben": None}}
    write(root, f"{multi}/position.json", positions)


def test_mc_llava(tmp_path: Path) -> None:
    mc_llava(tmp_path)
    data = load("mc-llava", tmp_path, views=2)
    assert [concept.id for concept in data.concepts] == ["Anna", "Ben", "Lo_La"]
    photos = [photo.path for photo in data.concepts[0].photos]
    assert photos == ["two_concept/concept/train/Anna/0.png", "two_concept/concept/train/Anna/1.png"]
    test, multi = "two_concept/concept/test", "two_concept/multi/Anna_Ben"
    # Ben is a friend of Anna: nobody says whether he is in her pictures. Lo_La is not.
    assert truths(data, ("Ben",)) == {
        f"{test}/Ben/0.png": "yes",
        f"{test}/Ben/1.png": "yes",
        f"{test}/Lo_La/0.png": "no",
        f"{test}/Lo_La/1.png": "no",
        f"{multi}/0.png": "yes",
        f"{multi}/1.png": "no",
    }
    assert truths(data, ("Anna", "Ben")) == {f"{multi}/0.png": "yes", f"{multi}/1.png": "no"}
    named = {item.images[0].path: item.concepts for item in data.items if item.task == "caption"}
    assert named[f"{multi}/0.png"] == ("Anna", "Ben")
    assert named[f"{multi}/1.png"] == ("Anna",)
    assert groups(data) == {
        "recognition": 4 + 4 + 6 + 4,
        "multi recognition": 2,
        "caption": 7,
        "multi caption": 1,
        "vqa choice": 2,
        "vqa open": 1,
        "multi vqa choice": 1,
        "text choice": 1,
        "multi text choice": 1,
    }
    single = one(data, "vqa choice", "test/Anna")
    assert (single.question, single.options, single.answer) == ("What does Anna wear?", ("Red", "Blue"), "B")
    assert single.kind == "si_sq"
    ben = one(data, "vqa choice", "Anna_Ben")
    assert (ben.concepts, ben.kind, ben.options, ben.answer) == (
        ("Ben",),
        "mi_sq",
        ("left", "right", "nowhere"),
        "C",
    )
    assert one(data, "multi vqa choice").kind == "mi_mq"
    assert one(data, "vqa open").answer == "A cup."
    text = one(data, "text choice")
    assert (text.answer, text.images, text.question) == ("A", (), "Is Anna tall?")
    assert left_out(data) == {
        f"{test}/Anna/qa.json: options cannot be told apart": 1,
        f"{multi}/choice.json: the picture is not there": 2,
        "two_concept/multi: a scenario of unknown concepts": 1,
    }


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("Hair? A. Brown, Black. B. Black, Brown", ("Hair?", ("Brown, Black", "Black, Brown"))),
        ("Hair?\n(A) red\n(B) blue", ("Hair?", ("red", "blue"))),
        ("Is A. Smith here? A. Yes. B. No", ("Is A. Smith here?", ("Yes", "No"))),
        ("Hair? B. red A. blue", None),
        ("Hair? A. red", None),
        ("Hair?", None),
        ("A. Yes. B. No", None),
        ("Hair? A. B. blue", None),
    ],
)
def test_options_in_a_text(text: str, parted: tuple[str, tuple[str, ...]] | None) -> None:
    assert lettered(text) == parted


# This-is-my-img


def this_is_my_img(root: Path, train: str = "train", test: str = "test", positive: str = "Positive") -> None:
    single = "This-is-My-Img/Single-concept"
    for concept in ("Zaks dog kona-dog", "Zaks dog coffee-dog", "Nikkis car-car"):
        for number in range(2):
            save(root, f"{single}/{train}/{concept}/{number}.png")
        save(root, f"{single}/{test}/{positive}/{concept}/0.webp")
        save(root, f"{single}/{test}/Negative (Hard)/{concept}/0.png")
    save(root, f"{single}/{test}/Fake/Nikkis car-car/0.jpeg")
    save(root, f"{single}/{test}/Fake/Stranger-man/0.png")
    path = f"./{test}/{positive}/Zaks dog kona-dog/0.webp"
    asked = {"question": "Where is <sks>?", "options": {"A": "In", "B": "Out"}, "correct_answer": "A"}
    file = "this-is-my-visual-qa-ambiguity.json"
    write(root, f"{single}/{file}", {"Zaks dog kona": {path: asked}, "Stranger": {path: asked}})
    multi = "This-is-My-Img/Multi-concept"
    for concept in ("Zak-man", "Zaks dog kona-dog", "Casey-man", "Caseys son-man"):
        save(root, f"{multi}/{train}/{concept}/0.png")
    save(root, f"{multi}/{test}/Zak_and_Zaks dog kona/0.png")
    save(root, f"{multi}/{test}/Casey_and_Caseys son/0.jpg")
    save(root, f"{multi}/{test}/Casey_and_Nobody/0.jpg")
    free = {"question": "What does <sks> hold?", "answer": "A ball"}
    write(
        root, f"{multi}/VQA/casey.json", {"Casey_Caseys son": {f"./{test}/Casey_and_Caseys son/0.jpg": free}}
    )
    video = "This-is-My-Img/Video"
    save(root, f"{video}/{train}/Casey-man/0.png")
    (root / video / test / "Casey-man").mkdir(parents=True)
    (root / video / test / "Casey-man" / "1.mp4").write_bytes(b"moving")
    write(root, f"{video}/qa.json", {"Casey": {f"./{test}/Casey-man/1.mp4": free}})


TREES = [("train", "test", "Positive"), ("Reference Images", "Validation", "positive")]


@pytest.mark.parametrize(("train", "test", "positive"), TREES)
def test_this_is_my_img_single(tmp_path: Path, train: str, test: str, positive: str) -> None:
    this_is_my_img(tmp_path, train, test, positive)
    data = load("this-is-my-img", tmp_path)
    assert {concept.name: concept.category for concept in data.concepts} == {
        "Nikki's car": "car",
        "Zak's dog Coffee": "dog",
        "Zak's dog Kona": "dog",
    }
    base = f"This-is-My-Img/Single-concept/{test}"
    # The two dogs are of one owner: nobody says whether the other is in the picture too.
    assert truths(data, ("Zaks dog kona-dog",)) == {
        f"{base}/{positive}/Zaks dog kona-dog/0.webp": "yes",
        f"{base}/Negative (Hard)/Zaks dog kona-dog/0.png": "no",
        f"{base}/{positive}/Nikkis car-car/0.webp": "no",
    }
    assert truths(data, ("Nikkis car-car",))[f"{base}/Fake/Nikkis car-car/0.jpeg"] == "no"
    asked = one(data, "vqa choice")
    assert (asked.question, asked.concepts) == ("Where is Zak's dog Kona?", ("Zaks dog kona-dog",))
    assert groups(data)["caption"] == 3
    assert left_out(data)["Fake: pictures of concepts without references"] == 1
    hidden = load("this-is-my-img", tmp_path, anonymous=True)
    assert [concept.name for concept in hidden.concepts] == ["Pax", "Glint", "Shade"]
    assert one(hidden, "vqa choice").question == "Where is Shade?"


@pytest.mark.parametrize(("train", "test", "positive"), TREES)
def test_this_is_my_img_multi_and_video(tmp_path: Path, train: str, test: str, positive: str) -> None:
    this_is_my_img(tmp_path, train, test, positive)
    data = load("this-is-my-img", tmp_path, part="multi")
    base = f"This-is-My-Img/Multi-concept/{test}"
    casey = ("Casey-man", "Caseys son-man")
    assert truths(data, casey) == {
        f"{base}/Casey_and_Caseys son/0.jpg": "yes",
        f"{base}/Zak_and_Zaks dog kona/0.png": "no",
    }
    asked = one(data, "multi vqa open")
    assert (asked.question, asked.answer, asked.concepts) == (
        "What does Casey and Casey's son hold?",
        "A ball",
        casey,
    )
    assert groups(data) == {"multi recognition": 4, "multi caption": 2, "multi vqa open": 1}
    assert left_out(data) == {"pictures of unknown pairs": 1}
    video = load("this-is-my-img", tmp_path, part="video")
    moving = one(video, "video open")
    assert moving.video is not None
    assert moving.video.path == f"This-is-My-Img/Video/{test}/Casey-man/1.mp4"


# RAP


def rap(root: Path) -> None:
    table: dict[str, Any] = {
        "<bo>": {
            "name": "bo",
            "image": "example_database/bo.png",
            "info": "<bo> is a dog with a <red> collar.",
            "category": "dog",
        },
        "<mam>": {
            "name": "<mam>",
            "image": ["somewhere/mam/0.png", "somewhere/mam/1.png"],
            "info": {"general": "a cat", "category": "cat", "color": "gray", "pattern": ""},
            "category": "cat",
        },
    }
    names = {"concept_dict": table, "path_to_concept": {"example_database/bo.png": "<bo>"}}
    write(root, "example_database/database.json", names)
    for name in ("bo.png", "mam/0.png", "mam/1.png"):
        save(root, f"example_database/{name}")
    (root / "example_database" / "image.faiss").write_bytes(b"index")
    for concept in ("bo", "mam"):
        save(root, f"benchmark_data/yollava-data/test/{concept}/4.png")
    lines = []
    for shown in ("bo", "mam"):
        path = f"benchmark_data/yollava-data/test/{shown}/4.png"
        lines.append({"image": path, "concept": shown, "type": "positive", "correct_answer": True})
        for asked in ("bo", "mam"):
            line = {"image": path, "concept": asked, "type": "negative", "correct_answer": asked == shown}
            lines.append(line | {"question": f"<image>\nIs <{asked}> in this image?"})
    lines.append(lines[0] | {"concept": "nobody"})
    lines.append(lines[0] | {"correct_answer": "yes"})
    lines.append(lines[0] | {"image": "benchmark_data/yollava-data/test/bo/5.png"})
    write(root, "eval/recognition_test.json", lines)
    red = {"question": "Is sks red?", "options": {"A": "Yes", "B": "No"}, "correct_answer": "A"}
    write(root, "eval/yollava-visual-qa.json", {"bo": {"./yollava-data/test/bo/4.png": red}})
    text = {"question": "Has sks a tail?", "option": {"A": "Yes", "B": "No"}, "correct_answer": "A"}
    write(root, "eval/yollava-text-only-qa.json", {"bo": {"0": text}})


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


def perva(root: Path) -> None:
    for concept in ("bag/alx", "bag/mia", "cup/alx"):
        save(root, f"train/{concept}/1.jpg")
        save(root, f"test/{concept}/1.jpg")
    save(root, "train/bag/laion/1.jpg")
    save(root, "train/bag/alx/laion/1.jpg")
    save(root, "test/cup/zed/1.jpg")


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
    assert set(LOADERS) == {"yollava", "myvlm", "mc-llava", "this-is-my-img", "rap", "perva"}
    with pytest.raises(SettingError, match="no data set 'coco'; there are mc-llava"):
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
