"""Small trees in the layouts of published data sets, with their traps."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from jarvis_bench import Dataset, Item
from tests.bench.worlds import save


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


def write(root: Path, path: str, value: Any) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(value), encoding="utf-8")


def yollava(root: Path, base: str = "yollava-data/") -> None:
    for concept, train, test in (("bo", (0, 2, 10, 1), (0, 7)), ("shiba-gray", (0,), (1, 3))):
        for number in train:
            save(root, f"{base}train/{concept}/{number}.png")
        for number in test:
            save(root, f"{base}test/{concept}/{number}.png")
    save(root, f"{base}train/bo/negative_example/0123.png")
    write(root, f"{base}train/bo/negative_example/scores.json", [{"image_path": "/elsewhere/x.png"}])
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


def perva(root: Path) -> None:
    for concept in ("bag/alx", "bag/mia", "cup/alx"):
        save(root, f"train/{concept}/1.jpg")
        save(root, f"test/{concept}/1.jpg")
    save(root, "train/bag/laion/1.jpg")
    save(root, "train/bag/alx/laion/1.jpg")
    save(root, "test/cup/zed/1.jpg")
