"""How far apart looks of copies are, and looks of different photos: what the threshold for leaks rests on.

    python -m benchmarks.copies --concepts 60 --json

Photos of held-out concepts, four each. Copies of them: saved as JPEG, made smaller, both, made brighter, cut
at the edges, mirrored. Then all pairs of different photos, of one concept and of two. Distances are bits of
256.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from itertools import combinations
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from jarvis_bench.looks import BITS, NEAR, look_distance, look_of
from jarvis_pocket import scene, world

PHOTOS = 4
SIDE = 256


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """The image saved and read again."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as opened:
        return opened.convert("RGB")


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG 90": lambda image: jpeg(image, 90),
    "JPEG 30": lambda image: jpeg(image, 30),
    "half the size": lambda image: image.resize((SIDE // 2, SIDE // 2)),
    "smaller, JPEG 75": lambda image: jpeg(image.resize((200, 200)), 75),
    "10 % brighter": lambda image: image.point(lambda value: min(255, round(value * 1.1))),
    "2 % cut at each edge": lambda image: image.crop((5, 5, SIDE - 5, SIDE - 5)),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


def run(concepts: int, seed: int) -> dict[str, Any]:
    """Distances of each sort of pair: the least, the middle, the largest, and the share taken for copies."""
    rng = random.Random(seed)
    cast = world.draw_concepts(rng, concepts, "heldout")
    photos = [(one.name, scene.draw_photo(rng, one.look, SIDE).image) for one in cast for _ in range(PHOTOS)]
    looks = [(name, look_of(photo)) for name, photo in photos]
    found: dict[str, list[int]] = {
        name: [
            look_distance(look, look_of(copy(photo)))
            for (_, look), (_, photo) in zip(looks, photos, strict=True)
        ]
        for name, copy in COPIES.items()
    }
    found["another photo of it"] = [
        look_distance(a, b) for (x, a), (y, b) in combinations(looks, 2) if x == y
    ]
    found["of another concept"] = [look_distance(a, b) for (x, a), (y, b) in combinations(looks, 2) if x != y]
    return {
        "concepts": concepts,
        "photos": len(photos),
        "seed": seed,
        "bits": BITS,
        "near": NEAR,
        "pairs": {
            name: {
                "pairs": len(values),
                "least": min(values),
                "median": float(np.median(values)),
                "largest": max(values),
                "near": round(float(np.mean([value <= NEAR for value in values])), 4),
            }
            for name, values in found.items()
        },
    }


def main(
    concepts: Annotated[int, typer.Option(help="Concepts, four photos each.", min=2)] = 60,
    seed: Annotated[int, typer.Option(help="Seed of the photos.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Distances of copies and of different photos."""
    result = run(concepts, seed)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    table = Table(title=f"{result['photos']} photos, bits of {BITS}; a copy is at most {NEAR} apart")
    for column in ("pair", "pairs", "least", "median", "largest", "taken for copies, %"):
        table.add_column(column, justify="left" if column == "pair" else "right")
    for name, of in result["pairs"].items():
        numbers = (f"{of['least']}", f"{of['median']:g}", f"{of['largest']}", f"{100 * of['near']:.1f}")
        table.add_row(name, f"{of['pairs']:,}", *numbers)
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
