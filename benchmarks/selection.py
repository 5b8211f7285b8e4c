"""What of photos a segment is made from: answers about details against tokens of a concept.

    python -m benchmarks.selection --n 200 --json
    python -m benchmarks.selection --n 200 --plot docs/figures/selection.svg

Every exam has one held-out concept with two photos and a question that only a picture answers (``detail``:
the emblem, or what it wears). All ways answer the same questions, from one segment in mode ``compose``:

* ``patches``: the first 1, 2, 4 and 8 mined patches.
* ``crops``: as many windows of the size of a detail, evenly spread over the photos: patches without a miner.
* ``attention``: of each photo the tokens that the model looks at, with layers calibrated on the training
  split; ``uniform``: evenly spread tokens; both with as many tokens for each photo as the patches have.
* ``full``: all tokens of both photos.
* ``none``: no memory; ``wrong``: the patches of the concept before.

Beside it the overlap of each layer: the intersection over union of its strongest tokens with the exact mask
of the figure, where as many are taken as the mask has.
"""

from __future__ import annotations

import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isqrt
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Panel, draw_lines
from benchmarks.share import Share
from jarvis_memory.intake import Intake
from jarvis_memory.kv import Context, Mode, Segment
from jarvis_memory.profile import build_profile, profile_text
from jarvis_memory.selecting import Selecting, TokenChooser, calibrate, even_tokens
from jarvis_memory.selecting.keywords import keywords
from jarvis_memory.tuning import tuned
from jarvis_memory.vlm import VLM, Excerpt, ImageSettings, SegmentSource
from jarvis_memory.vlm.loading import load_model
from jarvis_plugins.calibrating import pocket_photos
from jarvis_pocket.exam import Exam, draw_exam
from jarvis_retrievers.boxes import Box, propose_boxes
from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.patches import crop

COUNTS = (1, 2, 4, 8)
PATCH_TOKENS = 4
MOST_TOKENS = 64
_DETAIL = 0.5
Way = tuple[str, int]


class Rig:
    """The shipped models, set up as the product sets them up."""

    def __init__(self, photo_pixels: int | None, calibration: int) -> None:
        loaded = load_model("pocket", device="cpu", dtype=None, revision=None)
        sizes = loaded.settings.model_dump() | {"photo_pixels": photo_pixels}
        settings = ImageSettings.model_validate(sizes)
        self.node = VLM(loaded.model, loaded.processor, loaded.name, settings=settings, slots=loaded.slots)
        encoder, tuning = OpenCLIPEncoder.load("pocket", device="cpu"), tuned("pocket")
        self.intakes = {k: Intake(encoder, replace(tuning.miner, k=k), tuning.subjects) for k in COUNTS}
        self.layers = calibrate(self.node, pocket_photos(calibration))

    def sources(self, exam: Exam) -> dict[Way, SegmentSource]:
        """What a segment of the exam's concept is made from, in each way and size."""
        concept, photos, note = exam.concepts[0], exam.photos[0], exam.notes[0]
        profile = build_profile(concept.name, [note], None)
        text, side = profile_text(profile), self.node.patch_side
        made: dict[Way, SegmentSource] = {}
        boxes: list[tuple[int, Box]] = []
        for k in COUNTS:
            draft = self.intakes[k].draft(concept.name, (), None, [note], list(photos), None)
            patches = tuple(crop(photos[p.photo], p.box, side) for p in draft.patches)
            made["patches", k] = SegmentSource(concept.name, text, patches)
            made["crops", k] = SegmentSource(concept.name, text, tuple(self._even(photos, k)))
            boxes = [(patch.photo, patch.box) for patch in draft.patches]
        words = keywords(self.node, profile, made["patches", COUNTS[-1]].patches)
        for k in COUNTS:
            most = PATCH_TOKENS * k // len(photos)
            for word in ("attention", "uniform"):
                chooser = TokenChooser(self.node, Selecting.of(word, most), lambda: self.layers.layers)
                found = chooser.choose(profile, photos, boxes, words=words)
                kept = (Excerpt(photo, one.kept) for photo, one in zip(photos, found, strict=True))
                made[word, k] = SegmentSource(concept.name, text, (), tuple(kept))
        made["full", 0] = SegmentSource(concept.name, text, (), tuple(map(Excerpt, photos)))
        return made

    def _even(self, photos: Sequence[Image.Image], k: int) -> Iterator[Image.Image]:
        for number, photo in enumerate(photos):
            boxes = propose_boxes(photo.width, photo.height, (_DETAIL,), 0.5)
            across = isqrt(len(boxes))
            count = (k + len(photos) - 1 - number) // len(photos)
            for place in even_tokens(across, across, count) if count else ():
                yield crop(photo, boxes[place], self.node.patch_side)


def run(n: int, seed: int, photo_pixels: int | None, calibration: int) -> dict[str, Any]:
    """Marks of every way and size for ``n`` questions."""
    rig = Rig(photo_pixels, calibration)
    marks: dict[Way, list[bool]] = defaultdict(list)
    sizes: dict[Way, list[int]] = defaultdict(list)
    chances: list[float] = []
    # One exam more at the front: its patches are the wrong memory of the first question.
    wrong: Segment | None = None
    for number in range(-1, n):
        exam = draw_exam(random.Random(f"selection/{seed}/{number}"), ("detail",), "heldout", concepts=1)
        segments = {way: rig.node.encode_segment(source) for way, source in rig.sources(exam).items()}
        other, wrong = wrong, segments["patches", COUNTS[-1]]
        if other is None:
            continue
        asked, image = exam.items[0].question, exam.items[0].image
        chances.append(1 / asked.options)
        contexts: dict[Way, Context | None] = {("none", 0): None}
        for way, segment in {("wrong", 0): other, **segments}.items():
            contexts[way] = rig.node.context([segment], Mode.COMPOSE)
            sizes[way].append(segment.inputs.seen)
        for way, context in contexts.items():
            said = rig.node.generate(context, asked.text, [] if image is None else [image], MOST_TOKENS)
            marks[way].append(asked.right(said.text))
        if sys.stderr.isatty():
            print(f"\r{number + 1}/{n} questions", end="", file=sys.stderr)
    layers = rig.layers.model_dump(include={"layers", "overlaps", "even", "photos"})
    ways: list[dict[str, Any]] = [
        {"way": way, "k": k, "tokens": mean(sizes[way, k] or [0]), **Share.of_all(marks[way, k]).to_dict()}
        for way, k in marks
    ]
    right = {(one["way"], one["k"]): one["accuracy"] for one in ways}
    return {
        "questions": n,
        "seed": seed,
        "photo_pixels": photo_pixels,
        "chance": round(mean(chances), 4),
        "calibration": layers,
        "ways": ways,
        "bars": {
            f"patches beat {word} at {PATCH_TOKENS * k} tokens": right["patches", k] > right[word, k]
            for word in ("uniform", "crops")
            for k in COUNTS
        },
    }


def _plot(result: dict[str, Any], file: Path) -> None:
    lines: dict[str, list[tuple[float, float]]] = defaultdict(list)
    most = max(one["tokens"] for one in result["ways"])
    for one in result["ways"]:
        points = lines[one["way"]]
        if one["k"]:
            points.append((one["tokens"], 100 * one["accuracy"]))
        elif one["way"] in ("none", "wrong"):  # controls: the same at any size
            points += [(at, 100 * one["accuracy"]) for at in (PATCH_TOKENS, most)]
        else:
            points.append((one["tokens"], 100 * one["accuracy"]))
    overlaps = result["calibration"]["overlaps"]
    found: dict[str, list[tuple[float, float]]] = {
        "attention": list(enumerate(overlaps)),
        "uniform": [(layer, result["calibration"]["even"]) for layer in range(len(overlaps))],
    }
    draw_lines(
        file,
        [
            Panel("Questions about details", "visual tokens of a concept", "right, %", lines),
            Panel("Kept tokens and the figure", "layer", "intersection over union", found),
        ],
    )


def main(
    n: Annotated[int, typer.Option(help="Questions.", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the exams.")] = 1,
    photo_pixels: Annotated[
        int | None, typer.Option(help="The most pixels of a whole photo; by default as the processor has it.")
    ] = None,
    calibration: Annotated[int, typer.Option(help="Photos to calibrate layers with.", min=1)] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the figure into this file.")] = None,
) -> None:
    """Right answers about details for patches, attention, uniform and full, against tokens of a concept."""
    result = run(n, seed, photo_pixels, calibration)
    if plot is not None:
        _plot(result, plot)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    table = Table(title=f"{n} questions about details, chance {100 * result['chance']:.1f} %")
    for column in ("made from", "k", "tokens", "right in %"):
        table.add_column(column, justify="left" if column == "made from" else "right")
    for one in result["ways"]:
        cell = f"{100 * one['accuracy']:.1f} ({100 * one['low']:.0f} to {100 * one['high']:.0f})"
        table.add_row(one["way"], str(one["k"] or ""), f"{one['tokens']:.1f}", cell)
    screen, layers = Console(), result["calibration"]
    screen.print(table)
    overlaps = ", ".join(f"{value:.3f}" for value in layers["overlaps"])
    screen.print(f"Overlap with the mask by layer: {overlaps}; evenly spread {layers['even']:.3f}")
    screen.print(f"Layers used: {', '.join(map(str, layers['layers']))}")
    for bar, holds in result["bars"].items():
        screen.print(f"{'holds' if holds else 'MISSED'}: {bar}")


if __name__ == "__main__":
    typer.run(main)
