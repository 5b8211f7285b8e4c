"""Training examples: one context (several concepts), many questions behind it.

An example is a tree of token blocks: the root holds prefix and segments; a scene hangs on the root; every
question hangs on the root or on a scene. A block sees its ancestors and itself, never its siblings, and its
positions go on where its parent ends, so each question is trained exactly as it will be asked: alone behind
its context.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image

from jarvis_pocket import ask, notes, scene, world
from jarvis_pocket.ask import Question
from jarvis_pocket.cast import draw_cast
from jarvis_pocket.exam import draw_follow, draw_relation
from jarvis_pocket.telling import article
from jarvis_pocket.tokens import MEMORY_INSTRUCTION
from jarvis_pocket.train import imagined
from jarvis_pocket.train.drills import write_drill
from jarvis_pocket.train.writer import TAIL, TURN, Example, Writer

PATCH_SIDE = 32
PHOTO_SIDE = 64
SCENE_SIZES = {1: (64, 64), 2: (128, 64), 3: (128, 64)}


@dataclass(frozen=True)
class Stage:
    """What a stretch of training draws.

    ``pictures``: ``none`` (all as text), ``words`` (each cell of a picture holds a word for what is there),
    or ``pixels``. ``told`` is the share of visible attributes that the notes tell too; ``drills`` counts
    the exercises in judging "the same" (`jarvis_pocket.train.drills`).
    """

    concepts: tuple[int, ...] = (2, 3)
    pictures: Literal["none", "words", "pixels"] = "pixels"
    told: float = 0.1
    questions: int = 6
    scenes: int = 2
    scene_questions: int = 3
    drills: int = 4


PREFIX = f"<|im_start|>system\n{MEMORY_INSTRUCTION}<|im_end|>\n<|im_start|>user\n"


def crop(
    rng: random.Random, picture: scene.Picture, frame: tuple[float, float, float, float], zoom: float
) -> Image.Image:
    """A square crop around the middle of ``frame``, ``zoom`` times its longer side, somewhat off centre."""
    image = picture.image
    side = min(image.width, max(12.0, zoom * max(frame[2] - frame[0], frame[3] - frame[1])))
    x = (frame[0] + frame[2]) / 2 + rng.uniform(-0.12, 0.12) * side - side / 2
    y = (frame[1] + frame[3]) / 2 + rng.uniform(-0.12, 0.12) * side - side / 2
    x, y = min(max(0.0, x), image.width - side), min(max(0.0, y), image.height - side)
    return shrink(
        rng, image.crop((round(x), round(y), round(x + side), round(y + side))), (PATCH_SIDE, PATCH_SIDE)
    )


def shrink(rng: random.Random, image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize with one of the filters that image processors use."""
    return image.resize(
        size, rng.choice((Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX))
    )


def write_segment(rng: random.Random, writer: Writer, concept: world.PocketConcept, stage: Stage) -> None:
    """One concept as its segment: profile lines, then its name before each patch (or each whole photo)."""
    name, look = concept.name, concept.look
    lines = notes.draw_notes(rng, concept)
    visible = (f"has {article(look.emblem)}", f"wears {article(look.worn)}", f"is a {look.body}")
    told = 1.0 if stage.pictures == "none" else stage.told
    lines += [f"{name} {seen}." for seen in visible if rng.random() < told]
    rng.shuffle(lines)
    if rng.random() < 0.5:
        lines.insert(0, f"{name} is a {look.category}.")
    writer.text("".join(f"{line}\n" for line in lines))
    if stage.pictures == "none":
        return
    if stage.pictures == "words":
        for words in imagined.patches(rng, look):
            writer.text(name)
            writer.imagine(words, 2, 2)
            writer.text(f"{name}\n")
        return
    if rng.random() < 0.3:
        images = [
            shrink(rng, scene.draw_photo(rng, look, 128).image, (PHOTO_SIDE, PHOTO_SIDE))
            for _ in range(rng.randint(1, 2))
        ]
    else:
        photos = [scene.draw_photo(rng, look, 112) for _ in range(rng.randint(1, 2))]

        def pick() -> scene.Picture:
            return rng.choice(photos)

        images = [crop(rng, p, p.figures[0].subject, rng.uniform(0.9, 1.2)) for p in photos]
        details = []
        for zoom in ((1.05, 1.6), (1.3, 2.3))[: rng.randint(1, 2)]:
            p = pick()
            details.append(crop(rng, p, p.figures[0].emblem, rng.uniform(*zoom)))
        p = pick()
        details.append(crop(rng, p, p.figures[0].accessory, rng.uniform(1.0, 1.8)))
        if rng.random() < 0.4:
            p = pick()
            details.append(crop(rng, p, p.figures[0].subject, rng.uniform(0.3, 0.7)))
        rng.shuffle(details)
        images += details
    for image in images:
        writer.text(name)
        writer.image(image)
        writer.text(f"{name}\n")


def write_question(writer: Writer, parent: int, question: Question) -> None:
    """A question block: user text, the template's rest, and the answer that is judged."""
    writer.open(parent)
    for asked, answered in question.history:
        writer.text(f"{asked}{TAIL}{answered}{TURN}")
    writer.text(question.text + TAIL)
    writer.text(question.answer + "<|im_end|>", ask.KINDS.index(question.kind))


def text_question(rng: random.Random, concepts: list[world.PocketConcept], split: world.Split) -> Question:
    """A question without a picture."""
    if not concepts or rng.random() < 0.08:
        while True:
            name = world.draw_name(rng, split)
            if name not in {c.name for c in concepts}:
                return ask.ask_unknown(rng, name)
    if len(concepts) > 1 and rng.random() < 0.2:
        return ask.draw_compare(rng, concepts)
    if rng.random() < 0.4 and any(world.FRIEND in c.facts for c in concepts):
        return draw_relation(rng, concepts)
    concept = rng.choice(concepts)
    if rng.random() < 0.15:
        return draw_follow(rng, concept)
    if rng.random() < 0.35:
        return ask.ask_fact(rng, concept, rng.choice([key for key in concept.facts if key != world.FRIEND]))
    return ask.ask_detail(rng, concept, rng.choices(("emblem", "worn", "body"), (5, 3, 1))[0])


def write_scene(
    rng: random.Random, writer: Writer, concepts: list[world.PocketConcept], stage: Stage, split: world.Split
) -> None:
    """A scene with known concepts, look-alikes and strangers, and questions about it."""
    count = rng.choices((1, 2, 3), (2, 4, 3))[0]
    asked = rng.choice(concepts)
    inside = rng.random() < 0.5
    cast = draw_cast(rng, concepts, asked, split, count=count, inside=inside, alike=rng.random() < 0.5)
    size = SCENE_SIZES[len(cast)]
    root = writer.open(0)
    if stage.pictures == "words":
        rows, columns = size[1] // 16, size[0] // 16
        writer.imagine(imagined.scene(rng, cast, rows, columns), rows, columns)
    else:
        drawn = scene.draw_scene(rng, cast, 128)
        writer.image(shrink(rng, drawn.image, size))
    writer.text("\n")
    questions = [ask.ask_here(rng, cast, asked)]
    places = rng.sample(range(len(cast)), len(cast))
    for _ in range(stage.scene_questions - 1):
        roll = rng.random()
        if roll < 0.65 and places:
            questions.append(ask.ask_who(rng, cast, places.pop(), concepts))
        elif roll < 0.85:
            questions.append(ask.ask_caption(rng, cast, concepts))
        else:
            questions.append(text_question(rng, concepts, split))
    for question in questions:
        write_question(writer, root, question)


def _forgetful(rng: random.Random, concept: world.PocketConcept) -> world.PocketConcept:
    """A concept of which the notes tell some facts only."""
    keys = rng.sample(list(world.FACTS), rng.randint(1, len(world.FACTS) - 1))
    keys += [key for key in concept.facts if key == world.FRIEND]
    return replace(concept, facts={key: concept.facts[key] for key in keys})


def draw_example(rng: random.Random, writer: Writer, stage: Stage, split: world.Split = "train") -> Example:
    """One context with its questions."""
    writer.example, writer.ends = Example(), []
    concepts = world.draw_concepts(rng, rng.choice(stage.concepts), split)
    if rng.random() < 0.5:
        concepts = world.share_emblem(rng, concepts, split)
    concepts = world.befriend(rng, concepts, 0.5)
    concepts = [_forgetful(rng, c) if rng.random() < 0.25 else c for c in concepts]
    if rng.random() < 0.03:
        concepts = []
    writer.open(-1)
    writer.text(PREFIX)
    for concept in concepts:
        write_segment(rng, writer, concept, stage)
    for _ in range(stage.drills):
        write_drill(rng, writer, split)
    for _ in range(stage.questions if concepts else 2):
        write_question(writer, 0, text_question(rng, concepts, split))
    if stage.pictures != "none" and concepts:
        for _ in range(stage.scenes):
            write_scene(rng, writer, concepts, stage, split)
    return writer.example
