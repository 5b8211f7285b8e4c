"""Whether the encoder tells concepts apart, without mining and thresholds: image to image, nearest first.

    python -m benchmarks.encoder --json

100 held-out concepts, one photo of each in the gallery, one more photo and one figure of a scene of each as
queries; the crop is where the figure stands. ``plain``: looks drawn at random; ``alike``: every second one
differs from the one before in one attribute. Chance is 1 in 100.
"""

from __future__ import annotations

import json
import random
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from benchmarks.share import Share
from jarvis_pocket import scene, world
from jarvis_pocket.telling import Shown
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.crops import crop
from jarvis_retrievers.openclip import OpenCLIPEncoder

CANDIDATES = 100
SIDE = 48


def cut(picture: scene.Picture) -> Image.Image:
    """The first figure of a picture, as the square that the encoder takes."""
    image, frame = picture.image, picture.figures[0].subject
    side = min(max(frame[2] - frame[0], frame[3] - frame[1]), *image.size)
    left = min(max(0.0, (frame[0] + frame[2] - side) / 2), image.width - side)
    top = min(max(0.0, (frame[1] + frame[3] - side) / 2), image.height - side)
    box = Box(int(left), int(top), int(left + side), int(top + side))
    return crop(image, box, SIDE)


def draw_looks(rng: random.Random, alike: bool) -> list[world.Look]:
    """So many distinct looks; if ``alike``, every second one is a variation of the one before."""
    looks: dict[world.Look, None] = {}
    while len(looks) < CANDIDATES:
        look = world.draw_look(rng, "heldout")
        looks |= {look: None} | ({world.lookalike(look, rng, "heldout"): None} if alike else {})
    return list(looks)[:CANDIDATES]


def run(galleries: int, seed: int) -> dict[str, dict[str, object]]:
    """Recall at 1 of photos and of figures in scenes."""
    encoder = OpenCLIPEncoder.load("pocket", device="cpu")
    found: dict[str, dict[str, object]] = {}
    for name in ("plain", "alike"):
        marks: dict[str, list[bool]] = {"photo": [], "scene": []}
        for number in range(galleries):
            rng = random.Random(f"encoder/{seed}/{name}/{number}")
            looks = draw_looks(rng, name == "alike")
            stored = encoder.encode_images([cut(scene.draw_photo(rng, look)) for look in looks])
            others = [world.draw_look(rng, "heldout") for _ in looks]
            pairs = zip(looks, others, strict=True)
            asked = {
                "photo": [cut(scene.draw_photo(rng, look)) for look in looks],
                "scene": [cut(scene.draw_scene(rng, [Shown(one, None) for one in pair])) for pair in pairs],
            }
            for kind, crops in asked.items():
                nearest = (encoder.encode_images(crops) @ stored.T).argmax(axis=1)
                marks[kind] += (nearest == np.arange(len(looks))).tolist()
        found[name] = {kind: Share.of_all(of).to_dict() for kind, of in marks.items()}
    return found


def main(
    galleries: Annotated[int, typer.Option(help="Galleries of 100 concepts.", min=1)] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the galleries.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recall at 1, image to image, among 100 concepts."""
    found = run(galleries, seed)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for name, kinds in found.items():
        for kind, share in kinds.items():
            typer.echo(f"{name} {kind}: {share}")


if __name__ == "__main__":
    typer.run(main)
