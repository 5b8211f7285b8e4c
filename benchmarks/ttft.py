"""Time to the first token, with n concepts of several photos each, split by stage.

    python -m benchmarks.ttft --json                                     # Pocket, CPU
    python -m benchmarks.ttft --shape qwen2.5-vl-7b --device cuda --json --plot docs/ttft.svg

One question in plain text, answered in several ways within each round, in changing order; medians of all.

* ``none``: the control, no memory at all.
* ``text``: the profiles in the prompt, no picture.
* ``photos``: profiles and whole photos in the prompt, as without this project.
* ``features``: the same patches and profiles as in memory, their vision features cached: what is left to do
  is the prefill (mode ``exact``).
* ``compose``, ``link``, ``blend``: from segments, which are ``hot`` (where the model computes), ``warm`` (in
  RAM, if the model computes elsewhere) or ``cold`` (on the disk, the page cache emptied of them).

Stages: ``load`` the segments, make the ``context``, and ``first``: the question and the first token. They are
those of rounds of their own, in which each stage waits for the one before; where copies run beside the
computing they add up to more than ``seconds``. A real shape has random weights: right for time only.
"""

from __future__ import annotations

import json
import math
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Panel, draw_lines
from benchmarks.machine import machine_facts, settle
from benchmarks.shapes import SHAPES, model_of
from benchmarks.shelf import Shelf, chill
from benchmarks.subjects import Subject, pocket_subjects, random_subjects
from jarvis_memory.kv import Context, Mode, Segment
from jarvis_memory.vlm import VLM

QUESTION = "What do they have in common, and who of them is older?"
KEPT = (Mode.COMPOSE, Mode.LINK, Mode.BLEND)

_ORDER = ("none", "text", "photos", "features", "compose", "link", "blend")


class Bench:
    """A model, and concepts in every form that an arm wants.

    Args:
        vlm: The model.
        subjects: Concepts, with their whole photos and their patches.
        folder: For segments on the disk.
    """

    def __init__(self, vlm: VLM, subjects: list[Subject], folder: Path) -> None:
        self.vlm, self.subjects = vlm, subjects
        self.shelf = Shelf(vlm, subjects, folder)

    def first(self, context: Any, question: str = QUESTION, images: tuple[Any, ...] = ()) -> int:
        """The first token; reading it waits for the device."""
        return int(self.vlm.first_logits(context, question, images).argmax())

    def arms(self, number: int) -> dict[str, dict[str, Callable[[Any], Any]]]:
        """Per arm its stages; each is given what the one before it made."""
        vlm, some, shelf = self.vlm, self.subjects[:number], self.shelf
        told = "\n".join(subject.source.profile for subject in some)
        photos = tuple(photo for subject in some for photo in subject.photos)
        texts = [subject.source.cut(0) for subject in some]
        arms: dict[str, dict[str, Callable[[Any], Any]]] = {"none": {"first": lambda _: self.first(None)}}
        if not number:
            return arms
        arms["text"] = {"context": lambda _: vlm.context(texts, Mode.EXACT), "first": self.first}
        # The tower runs inside, with the prefill: that is what a model without a memory does.
        arms["photos"] = {"first": lambda _: self.first(None, f"{told}\n{QUESTION}", photos)}
        arms["features"] = {
            "context": lambda _: vlm.context(shelf.hot[:number], Mode.EXACT),
            "first": self.first,
        }
        for tier in shelf.tiers:
            for mode in KEPT:
                stages: dict[str, Callable[[Any], Any]] = {}
                if tier == "cold":
                    stages["load"] = lambda _: shelf.cold(range(number))
                held = None if tier == "cold" else shelf.take(tier, range(number))
                stages["context"] = partial(self.kept, mode, held)
                stages["first"] = self.first
                arms[f"{mode.value} {tier}"] = stages
        return arms

    def kept(self, mode: Mode, held: list[Segment] | None, loaded: list[Segment] | None) -> Context:
        """A context of segments that a tier holds, or else of those that were just loaded."""
        return self.vlm.context(held or loaded or [], mode)

    def tokens(self, number: int) -> int:
        """Rows of a context of so many."""
        return self.vlm.prefix.tokens + sum(segment.tokens for segment in self.shelf.warm[:number])

    def once(self, stages: dict[str, Callable[[Any], Any]], apart: dict[str, list[float]] | None) -> float:
        """Seconds of all stages together; ``apart`` takes those of each, the device waited for in between."""
        given: Any = None
        settle(self.vlm.device)
        began = at = time.perf_counter()
        for name, stage in stages.items():
            given = stage(given)
            if apart is not None:
                settle(self.vlm.device)
                apart[name].append(time.perf_counter() - at)
                at = time.perf_counter()
        return time.perf_counter() - began


def measure(
    bench: Bench, number: int, rounds: int, seed: int, patience: float = math.inf
) -> list[dict[str, Any]]:
    """All arms with so many concepts.

    Args:
        bench: Has them.
        number: How many concepts.
        rounds: Repetitions.
        seed: Of the order of arms in each.
        patience: An arm that took more seconds than this in all is not repeated again.
    """
    arms = bench.arms(number)
    seconds: dict[str, list[float]] = defaultdict(list)
    apart: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in arms}
    spent: dict[str, float] = defaultdict(float)
    rng = random.Random(seed)
    for turn in range(rounds + 1):
        for name in rng.sample(sorted(arms), len(arms)):
            if turn > 1 and spent[name] > patience:
                continue
            for split in (None, apart[name]):
                if name.endswith("cold"):
                    chill(bench.shelf.files[:number])
                took = bench.once(arms[name], split if turn else None)
                spent[name] += took
                if turn and split is None:  # the first turn warms up
                    seconds[name].append(took)
    none = statistics.median(seconds["none"])
    return [
        {
            "concepts": number,
            "arm": name,
            "seconds": statistics.median(took),
            "of_none": statistics.median(took) / none,
            "stages": {stage: statistics.median(each) for stage, each in apart[name].items()},
            "context_tokens": bench.tokens(number),
        }
        for name, took in seconds.items()
    ]


def run(
    vlm: VLM,
    subjects_of: Callable[[VLM, int, int, int], list[Subject]],
    numbers: tuple[int, ...],
    photos: tuple[int, ...],
    rounds: int,
    seed: int,
    patience: float = math.inf,
) -> dict[str, Any]:
    """All numbers of concepts and photos, of subjects such as `pocket_subjects` makes them."""
    rows: list[dict[str, Any]] = []
    for count in photos:
        subjects = subjects_of(vlm, max(numbers), count, seed)
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(vlm, subjects, Path(folder))
            for number in numbers:
                rows += [{"photos": count, **row} for row in measure(bench, number, rounds, seed, patience)]
    return {
        "model": vlm.name,
        "machine": machine_facts(vlm.device),
        "question": QUESTION,
        "rounds": rounds,
        "rows": rows,
        "bars": _bars(rows, max(photos)),
    }


def _bars(rows: list[dict[str, Any]], photos: int) -> dict[str, float]:
    """The ratios that are looked at; the bars are for real shapes on a GPU."""
    took = {(row["photos"], row["concepts"], row["arm"]): row["seconds"] for row in rows}

    bars = (
        ("compose hot / none, 8 concepts (at most 1.25)", "compose hot", "none", 8),
        ("photos / compose hot, 3 concepts (at least 10)", "photos", "compose hot", 3),
        ("features / compose hot, 8 concepts (at least 3)", "features", "compose hot", 8),
    )
    return {
        bar: took[photos, number, over] / took[photos, number, under]
        for bar, over, under, number in bars
        if (photos, number, over) in took
    }


def arm_order(arm: str) -> tuple[bool, int]:
    """Where an arm stands in a table: from the disk last, else as they are told above."""
    return arm.endswith("cold"), _ORDER.index(arm.split()[0])


def draw(result: dict[str, Any], file: Path) -> None:
    """The figure: time against the number of concepts."""
    panels = []
    for photos in sorted({row["photos"] for row in result["rows"]}):
        lines: dict[str, list[tuple[float, float]]] = defaultdict(list)
        none = {r["concepts"]: r for r in result["rows"] if r["photos"] == photos and r["arm"] == "none"}
        for row in sorted(result["rows"], key=lambda row: arm_order(row["arm"])[1]):
            if row["photos"] == photos and (row["arm"] != "none" or row["concepts"] == 0):
                lines[row["arm"]].append((row["concepts"], 1000 * row["seconds"]))
        lines["none"] = [(number, 1000 * row["seconds"]) for number, row in sorted(none.items())]
        title = f"{photos} photo{'s' * (photos > 1)} of each concept"
        panels.append(Panel(title, "concepts", "ms to the first token", lines, log=True))
    draw_lines(file, panels)


def main(
    shape: Annotated[str | None, typer.Option(help=f"One of {', '.join(SHAPES)}; else Pocket.")] = None,
    device: Annotated[str, typer.Option(help="Where the model computes.")] = "cpu",
    numbers: Annotated[str, typer.Option(help="Numbers of concepts.")] = "0,1,2,3,4,6,8",
    photos: Annotated[str, typer.Option(help="Photos of each concept.")] = "1,3,5",
    rounds: Annotated[int, typer.Option(help="Repetitions; medians are printed.", min=1)] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the concepts.")] = 1,
    layers: Annotated[int | None, typer.Option(help="Fewer layers of a shape, to try it.", min=2)] = None,
    patience: Annotated[float, typer.Option(help="Seconds after which an arm is not repeated.")] = math.inf,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the figure into this file.")] = None,
) -> None:
    """Time to the first token with and without memory."""
    vlm = model_of(shape, device, layers)
    several, counts = (tuple(int(count) for count in text.split(",")) for text in (numbers, photos))
    subjects_of = pocket_subjects if shape is None else random_subjects
    result = run(vlm, subjects_of, several, counts, rounds, seed, patience)
    if plot is not None:
        draw(result, plot)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    screen = Console()
    for count in counts:
        rows = [row for row in result["rows"] if row["photos"] == count]
        named = dict.fromkeys(row["arm"] for row in rows)
        arms = sorted(named, key=arm_order)
        title = f"{result['model']} on {result['machine']['device']}: time to first token, 1 = no memory"
        table = Table(title=f"{title}; {count} photos")
        table.add_column("arm")
        for number in several:
            table.add_column(f"n={number}", justify="right")
        for arm in arms:
            found = {row["concepts"]: row["of_none"] for row in rows if row["arm"] == arm}
            table.add_row(arm, *(f"{found[n]:.2f}" if n in found else "" for n in several))
        screen.print(table)
    for bar, value in result["bars"].items():
        screen.print(f"{bar}: {value:.2f}")


if __name__ == "__main__":
    typer.run(main)
