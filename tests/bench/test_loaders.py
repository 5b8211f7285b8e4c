"""Readers of published data, each on a small tree in exactly its layout, with its traps."""

from __future__ import annotations

from pathlib import Path

import pytest

from jarvis_bench import cleaned, leaks_of
from jarvis_bench.loaders import lettered, load
from tests.bench.layouts import groups, left_out, mc_llava, myvlm, one, this_is_my_img, truths, yollava
from tests.bench.worlds import save

# Yo'LLaVA


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


def test_mc_llava_friends_of_all_scenarios_are_not_asked_about(tmp_path: Path) -> None:
    for concept in "abcd":
        for part in ("train", "test"):
            save(tmp_path, f"two_concept/concept/{part}/{concept}/0.png")
    for scenario in ("a_b", "a_c"):
        save(tmp_path, f"two_concept/multi/{scenario}/0.png")
    data = load("mc-llava", tmp_path)
    shown = "two_concept/concept/test/a/0.png"
    asked = {i.concepts[0] for i in data.items if i.task == "recognition" and i.images[0].path == shown}
    # Nobody has said whether b or c are in the background.
    assert asked == {"a", "d"}


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


def test_this_is_my_img_a_pair_turned_round_is_the_same_pair(tmp_path: Path) -> None:
    base = "This-is-My-Img/Multi-concept"
    for concept in ("Zak-man", "Casey-man", "Gab-man"):
        save(tmp_path, f"{base}/train/{concept}/0.png")
    for pair in ("Zak_and_Casey", "Casey_and_Zak", "Gab_and_Zak"):
        save(tmp_path, f"{base}/test/{pair}/0.png")
    data = load("this-is-my-img", tmp_path, part="multi")
    assert truths(data, ("Casey-man", "Zak-man")) == {
        f"{base}/test/Casey_and_Zak/0.png": "yes",
        f"{base}/test/Gab_and_Zak/0.png": "no",
        f"{base}/test/Zak_and_Casey/0.png": "yes",
    }
    assert groups(data)["multi recognition"] == 3 * 2
