"""What it takes to remember a concept of three photos, stage by stage.

    python -m benchmarks.remembering --json

* ``read``: photos from PNG files, decoded and checked.
* ``embed``: windows and texts to vectors, in the encoder. ``mine``: the rest of choosing patches.
* ``doubt``: whether a photo shows another concept. ``encode``: profile and patches to a segment.
* ``store``: photos, patches and vectors, durably, and the segment.
* control ``remember``: the same concepts by `PersonalMemory.remember` itself, in a home of its own.

Means over the concepts; the first one, with which the models warm up, is left out. Many concepts of many
owners at once are in `benchmarks.onboard`.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.doubts import warn_of
from jarvis_memory.intake import Intake, other_patches
from jarvis_pocket import notes, scene, world
from jarvis_retrievers.images import encode_png
from jarvis_retrievers.openclip import OpenCLIPEncoder

T = TypeVar("T")
MOST = 0.5
STAGES = ("read", "embed", "mine", "doubt", "encode", "store")


class Timed(OpenCLIPEncoder):
    """Counts the seconds that it takes."""

    spent = 0.0

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """See `ImageTextEncoder.encode_images`."""
        return self._timed(lambda: super(Timed, self).encode_images(images))

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `ImageTextEncoder.encode_texts`."""
        return self._timed(lambda: super(Timed, self).encode_texts(texts))

    def _timed(self, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        try:
            return work()
        finally:
            self.spent += time.perf_counter() - began


def run(concepts: int, seed: int) -> dict[str, Any]:
    """Seconds of each stage and of the whole, means over the concepts."""
    rng, vlm = random.Random(f"onboarding/{seed}"), VLM.load("pocket", device="cpu")
    cast = world.draw_concepts(rng, concepts, "heldout")
    given = [
        (
            concept.name,
            [encode_png(scene.draw_photo(rng, concept.look).image) for _ in range(3)],
            " ".join(notes.draw_notes(rng, concept)),
        )
        for concept in cast
    ]
    encoder = Timed.load("pocket", device="cpu")
    stages: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        with PersonalMemory.open(Path(folder) / "stages", model=vlm, clip=encoder) as memory:
            for name, photos, told in given:
                for stage, took in _stages(memory, encoder, name, photos, told).items():
                    stages[stage].append(took)
        with PersonalMemory.open(Path(folder) / "whole", model=vlm, clip=encoder) as memory:
            for name, photos, told in given:
                began = time.perf_counter()
                memory.remember(name, photos, told)
                stages["remember"].append(time.perf_counter() - began)
    seconds = {stage: float(np.mean(found[1:])) for stage, found in stages.items()}
    whole = seconds["remember"]
    return {
        "concepts": concepts,
        "load": os.getloadavg()[0],
        "seconds": seconds,
        "bars": {f"a concept of 3 photos in at most {MOST} s": whole <= MOST},
    }


def _stages(
    memory: PersonalMemory, encoder: Timed, name: str, photos: Sequence[bytes], told: str
) -> dict[str, float]:
    """The stages of `jarvis_memory.remembering.add`, one after the other."""
    engine, store, spent, marks = memory._engine, memory._store, encoder.spent, [time.perf_counter()]
    images = Intake.photos(photos, name)
    marks.append(time.perf_counter())
    others = other_patches(store, encoder.fingerprint)
    draft = engine.intake.draft(name, (), None, [told], images, others)
    marks.append(time.perf_counter())
    embed = encoder.spent - spent
    warn_of(engine, draft)
    marks.append(time.perf_counter())
    segment = engine.keeper.make(draft, images)
    marks.append(time.perf_counter())
    engine.keeper.keep(store.add_concept(draft), segment)
    marks.append(time.perf_counter())
    read, mine, doubt, encode, keep = (after - before for before, after in pairwise(marks))
    return dict(zip(STAGES, (read, embed, mine - embed, doubt, encode, keep), strict=True))


def main(
    concepts: Annotated[int, typer.Option(help="How many, one after the other.", min=2)] = 20,
    seed: Annotated[int, typer.Option(help="Which ones.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What remembering takes."""
    found = run(concepts, seed)
    if as_json:
        print(json.dumps(found, indent=1))
        return
    table = Table(title=f"To remember a concept of 3 photos, mean of {concepts - 1}")
    table.add_column("stage")
    table.add_column("ms", justify="right")
    for stage, seconds in found["seconds"].items():
        table.add_row(stage, f"{1000 * seconds:.1f}")
    screen = Console()
    screen.print(table)
    for bar, holds in found["bars"].items():
        screen.print(f"{'holds' if holds else 'MISSED'}: {bar}")


if __name__ == "__main__":
    typer.run(main)
