"""Answers by kind of question and way of remembering, beside chance and the controls.

    python -m benchmarks.quality --split heldout --n 400 --json

Every exam has three concepts with names and looks that training never saw, two photos and five facts each,
and one question of each kind. All ways answer the same questions:

* ``none``: no memory, the question alone.
* ``wrong``: the segments of three other concepts.
* ``prompt``: all photos and notes in the prompt, full prefill.
* ``exact``: the tokens of the three segments, full prefill.
* ``compose``: the three stored segments, moved and joined.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal, cast

import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.share import Share
from jarvis_memory.intake import Intake
from jarvis_memory.kv import Context, Mode, Segment
from jarvis_memory.profile import build_profile, profile_text
from jarvis_memory.tuning import tuned
from jarvis_memory.vlm import VLM, ImageSettings, SegmentSource
from jarvis_memory.vlm.loading import load_model
from jarvis_pocket import ask
from jarvis_pocket.exam import Exam, draw_exam
from jarvis_pocket.world import Split
from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.patches import crop

Way = Literal["none", "wrong", "prompt", "exact", "compose"]
WAYS: tuple[Way, ...] = ("none", "wrong", "prompt", "exact", "compose")
PHOTO_SIDE = 64
MOST_TOKENS = 256


@dataclass
class Tally:
    """Marks per kind and way, the chance of each question, and the share of those who are there by way."""

    marks: dict[str, dict[str, list[bool]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    chances: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    named: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


class Rig:
    """The shipped models, set up as the product sets them up."""

    def __init__(self) -> None:
        loaded = load_model("pocket", device="cpu", dtype=None, revision=None)
        make = partial(VLM, loaded.model, loaded.processor, loaded.name, revision=loaded.revision)
        self.node = make(settings=loaded.settings)
        # `prompt` shows whole photos, so they need more pixels than a patch.
        whole = ImageSettings(patch_side=PHOTO_SIDE, question_pixels=loaded.settings.question_pixels)
        self.whole = make(settings=whole)
        tuning = tuned("pocket")
        self.intake = Intake(OpenCLIPEncoder.load("pocket"), tuning.miner, tuning.subjects)

    def sources(self, exam: Exam) -> tuple[list[SegmentSource], list[SegmentSource]]:
        """For each concept what its segment is made from (mined patches), and the same with whole photos."""
        patched, shown = [], []
        for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
            text = profile_text(build_profile(concept.name, [notes], None))
            draft = self.intake.draft(concept.name, (), None, [notes], list(photos), None)
            crops = tuple(crop(photos[p.photo], p.box, self.node.patch_side) for p in draft.patches)
            patched.append(SegmentSource(concept.name, text, crops))
            shown.append(SegmentSource(concept.name, text, tuple(photos)))
        return patched, shown


def mark(rig: Rig, exam: Exam, others: list[Segment] | None, tally: Tally) -> list[Segment]:
    """Let every way answer every item; returns the exam's segments, for the next one's ``wrong``."""
    patched, shown = rig.sources(exam)
    segments = [rig.node.encode_segment(source) for source in patched]
    contexts: dict[Way, tuple[VLM, Context | None]] = {
        "none": (rig.node, None),
        "prompt": (rig.whole, rig.whole.context(shown, Mode.EXACT)),
        "exact": (rig.node, rig.node.context(patched, Mode.EXACT)),
        "compose": (rig.node, rig.node.context(segments, Mode.COMPOSE)),
    }
    if others is not None:
        contexts["wrong"] = (rig.node, rig.node.context(others, Mode.COMPOSE))
    for item in exam.items:
        images: list[Image.Image] = [item.image] if item.image is not None else []
        tally.chances[item.question.kind].append(1 / item.question.options)
        for way, (node, context) in contexts.items():
            asked = item.question
            said = node.generate(
                context, asked.text, images, max_new_tokens=MOST_TOKENS, history=asked.history
            )
            tally.marks[asked.kind][way].append(asked.right(said.text))
            if asked.kind == "caption":
                tally.named[way].append(asked.recall(said.text))
    return segments


def run(split: Split, n: int, seed: int) -> dict[str, object]:
    """``n`` questions in all, the same number of each kind."""
    rig, tally = Rig(), Tally()
    exams = max(1, round(n / len(ask.KINDS)))
    began, others = time.monotonic(), None
    # One exam more at the front, unmarked but for its segments, so that `wrong` answers every question too.
    warm = draw_exam(random.Random(f"{seed}/warm"), (), split)
    others = [rig.node.encode_segment(source) for source in rig.sources(warm)[0]]
    for number in range(exams):
        exam = draw_exam(random.Random(f"{seed}/{number}"), ask.KINDS, split)
        others = mark(rig, exam, others, tally)
        if sys.stderr.isatty():
            print(f"\r{number + 1}/{exams} exams", end="", file=sys.stderr)
    kinds = {
        kind: {
            "chance": round(sum(tally.chances[kind]) / len(tally.chances[kind]), 4),
            **{way: Share.of_all(tally.marks[kind][way]).to_dict() for way in WAYS},
        }
        for kind in ask.KINDS
    }
    return {
        "split": split,
        "questions": exams * len(ask.KINDS),
        "seed": seed,
        "seconds": round(time.monotonic() - began),
        "kinds": kinds,
        "caption recall": {way: round(sum(tally.named[way]) / len(tally.named[way]), 4) for way in WAYS},
    }


def draw_table(result: dict[str, object]) -> Table:
    """The result as a table: percent, with the half width of the 95 % interval."""
    table = Table(title=f"Right answers in %, {result['questions']} questions, {result['split']}")
    for column in ("kind", "chance", *WAYS):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for kind, row in cast(dict[str, dict[str, dict[str, float]]], result["kinds"]).items():
        cells = [f"{100 * row[w]['accuracy']:.1f} ±{50 * (row[w]['high'] - row[w]['low']):.1f}" for w in WAYS]
        table.add_row(kind, f"{100 * cast(float, row['chance']):.1f}", *cells)
    return table


def main(
    split: Annotated[str, typer.Option(help="heldout or train: whose names and looks.")] = "heldout",
    n: Annotated[int, typer.Option(help="Questions in all.", min=len(ask.KINDS))] = 400,
    seed: Annotated[int, typer.Option(help="Seed of the exams.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Accuracy per kind for no memory, wrong memory, full prompt, exact and compose."""
    if split not in ("heldout", "train"):
        raise typer.BadParameter(f"must be heldout or train, got {split!r}")
    result = run(cast(Split, split), n, seed)
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        Console().print(draw_table(result))


if __name__ == "__main__":
    typer.run(main)
