"""Small data sets for the tests: drawn pictures on a disk, and items about them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

from jarvis_bench.dataset import BenchConcept, Dataset
from jarvis_bench.item import LETTERS, Form, Item, Picture, Source
from jarvis_bench.judging import Mark
from jarvis_bench.looks import look_of
from jarvis_bench.outcome import Outcome
from jarvis_retrievers.images import load_image, pixel_digest

HERE = Source(file="made up")
Colour = tuple[int, int, int]
COLOURS: dict[str, Colour] = {
    "Bo": (220, 30, 30),
    "Mimi": (30, 200, 40),
    "Tiko": (40, 40, 220),
    "Zaza": (220, 220, 30),
    "Kumo": (30, 220, 220),
    "Lina": (220, 30, 220),
}
FRUIT = ("apples", "pears", "plums", "figs", "dates", "limes")


@cache
def drawn(seed: str, colour: Colour | None = None, side: int = 48) -> Image.Image:
    """A picture of coloured boxes, another one for each seed; its left quarter is of the colour, if any."""
    rng = random.Random(seed)
    image = Image.new("RGB", (side, side), tuple(rng.randrange(256) for _ in range(3)))
    pencil = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = rng.randrange(side), rng.randrange(side)
        fill = tuple(rng.randrange(256) for _ in range(3))
        pencil.rectangle((x, y, x + rng.randrange(4, side // 2), y + rng.randrange(4, side // 2)), fill)
    if colour:
        pencil.rectangle((0, 0, side // 4, side), colour)
    return image


def save(root: Path, path: str, seed: str | None = None, colour: Colour | None = None) -> Path:
    """Draw a picture into a file, by default another one for each path."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    drawn(seed or path, colour).save(target)
    return target


def picture(root: Path, path: str, seed: str | None = None, colour: Colour | None = None) -> Picture:
    """The same, as a value."""
    image = load_image(save(root, path, seed, colour))
    return Picture(path=path, digest=pixel_digest(image), look=look_of(image))


def imagined(path: str) -> Picture:
    """A picture that is nowhere."""
    image = drawn(path)
    return Picture(path=path, digest=pixel_digest(image), look=look_of(image))


def recognition(id: str, concepts: Sequence[str], image: Picture, here: bool) -> Item:
    return Item(
        id=id,
        task="recognition",
        question=f"Is {' and '.join(concepts)} here?",
        concepts=tuple(concepts),
        images=(image,),
        answer="yes" if here else "no",
        source=HERE,
    )


def choice(
    id: str, concepts: Sequence[str], options: Sequence[str], right: int, image: Picture | None
) -> Item:
    return Item(
        id=id,
        task="vqa" if image else "text",
        question=f"Which one, {id}?",
        concepts=tuple(concepts),
        images=(image,) if image else (),
        options=tuple(options),
        answer=LETTERS[right],
        source=HERE,
    )


def said(item: Item, *words: str | None) -> Outcome:
    """An outcome of a recognition item, or of a choice with one word for each rotation."""
    if item.form == "yes_no":
        (word,) = words
        return Outcome(item, (Mark(item.id, 0, word == item.answer, word),))
    return Outcome(item, tuple(Mark(item.id, turn, word == "R", word) for turn, word in enumerate(words)))


def small_world(root: Path, concepts: int = 4, images: int = 3) -> Dataset:
    """Concepts that have a colour and like a fruit, two photos and a note each.

    Every picture against every concept; about each picture a choice, a free question and a caption.
    """
    names = list(COLOURS)[:concepts]
    known = [
        BenchConcept(
            id=name.casefold(),
            name=name,
            category="pet",
            notes=f"{name} likes {FRUIT[place]}.",
            photos=tuple(picture(root, f"train/{name}/{n}.png", None, COLOURS[name]) for n in range(2)),
        )
        for place, name in enumerate(names)
    ]
    items: list[Item] = []
    for place, shown in enumerate(known):
        for number in range(images):
            image = picture(root, f"test/{shown.name}/{number}.png", None, COLOURS[shown.name])
            items += [
                recognition(f"rec/{shown.id}/{number}/{asked.id}", [asked.id], image, asked is shown)
                for asked in known
            ]
            turned = FRUIT[number:3] + FRUIT[:number] if place < 3 else (*FRUIT[:2], FRUIT[place])
            likes = turned.index(FRUIT[place])
            asks = f"What does {shown.name} like?"
            made = choice(f"vqa/{shown.id}/{number}", [shown.id], turned, likes, image)
            items.append(made.model_copy(update={"question": asks}))
            free = {
                "options": (),
                "answer": FRUIT[place],
                "id": f"open/{shown.id}/{number}",
                "question": asks,
            }
            items.append(made.model_copy(update=free))
            told = {"options": (), "answer": "", "id": f"caption/{shown.id}/{number}", "task": "caption"}
            items.append(made.model_copy(update=told | {"question": "Describe the picture."}))
    return Dataset(name="small world", root=root, concepts=tuple(known), items=tuple(items), licence="ours")


def some(data: Dataset, task: str, kind: str, form: Form = "open") -> list[Item]:
    """The items of one sort."""
    return [item for item in data.items if (item.task, item.kind, item.form) == (task, kind, form)]
