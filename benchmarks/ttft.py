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
import os
import platform
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import torch
import transformers
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Panel, draw_lines
from benchmarks.shapes import SHAPES, random_model
from benchmarks.subjects import Subject, pocket_subjects, random_subjects
from jarvis_memory.kv import Context, Mode, Segment, Storage
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
        self.device = vlm.device
        made = [vlm.encode_segment(subject.source) for subject in subjects]
        self.files = [folder / f"{number}.segment" for number in range(len(made))]
        for file, segment in zip(self.files, made, strict=True):
            with file.open("wb") as out:
                out.write(vlm.segment_to_bytes(segment, Storage.BF16))
                out.flush()
                os.fsync(out.fileno())
        self.loaded = [vlm.segment_from_bytes(file.read_bytes()) for file in self.files]
        self.there = self.loaded
        if self.device.type == "cuda":
            self.loaded = [s.placed(lambda t: t.contiguous().pin_memory()) for s in self.loaded]
            self.there = [s.placed(lambda t: t.to(self.device)) for s in self.loaded]

    def cold(self, number: int) -> list[Segment]:
        """Segments from the disk."""
        return [self.vlm.segment_from_bytes(file.read_bytes()) for file in self.files[:number]]

    def chill(self, number: int) -> None:
        """Empty the page cache of these files."""
        for file in self.files[:number]:
            with file.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def first(self, context: Any, question: str = QUESTION, images: tuple[Any, ...] = ()) -> int:
        """The first token; reading it waits for the device."""
        return int(self.vlm.first_logits(context, question, images).argmax())

    def arms(self, number: int) -> dict[str, dict[str, Callable[[Any], Any]]]:
        """Per arm its stages; each is given what the one before it made."""
        vlm, some = self.vlm, self.subjects[:number]
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
            "context": lambda _: vlm.context(self.there[:number], Mode.EXACT),
            "first": self.first,
        }
        tiers: dict[str, list[Segment] | None] = {"hot": self.there[:number], "cold": None}
        if self.device.type == "cuda":
            tiers["warm"] = self.loaded[:number]
        for tier, held in tiers.items():
            for mode in KEPT:
                stages: dict[str, Callable[[Any], Any]] = {}
                if held is None:
                    stages["load"] = lambda _: self.cold(number)
                stages["context"] = partial(self.kept, mode, held)
                stages["first"] = self.first
                arms[f"{mode.value} {tier}"] = stages
        return arms

    def kept(self, mode: Mode, held: list[Segment] | None, loaded: list[Segment] | None) -> Context:
        """A context of segments that a tier holds, or else of those that were just loaded."""
        return self.vlm.context(held or loaded or [], mode)

    def tokens(self, number: int) -> int:
        """Rows of a context of so many."""
        return self.vlm.prefix.tokens + sum(segment.tokens for segment in self.loaded[:number])

    def once(self, stages: dict[str, Callable[[Any], Any]], apart: dict[str, list[float]] | None) -> float:
        """Seconds of all stages together; ``apart`` takes those of each, the device waited for in between."""
        given: Any = None
        self.settle()
        began = at = time.perf_counter()
        for name, stage in stages.items():
            given = stage(given)
            if apart is not None:
                self.settle()
                apart[name].append(time.perf_counter() - at)
                at = time.perf_counter()
        return time.perf_counter() - began

    def settle(self) -> None:
        """Wait for the device."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def measure(bench: Bench, number: int, rounds: int, seed: int) -> list[dict[str, Any]]:
    """All arms with so many concepts."""
    arms = bench.arms(number)
    seconds: dict[str, list[float]] = defaultdict(list)
    apart: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in arms}
    rng = random.Random(seed)
    for turn in range(rounds + 1):
        for name in rng.sample(sorted(arms), len(arms)):
            for split in (None, apart[name]):
                if name.endswith("cold"):
                    bench.chill(number)
                took = bench.once(arms[name], split if turn else None)
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
    shape: str | None,
    device: str,
    numbers: tuple[int, ...],
    photos: tuple[int, ...],
    rounds: int,
    seed: int,
    layers: int | None,
) -> dict[str, Any]:
    """All numbers of concepts and photos."""
    vlm = _model(shape, device, layers)
    rows: list[dict[str, Any]] = []
    for count in photos:
        subjects = (
            pocket_subjects(vlm, max(numbers), count, seed)
            if shape is None
            else random_subjects(vlm, max(numbers), count, seed)
        )
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(vlm, subjects, Path(folder))
            for number in numbers:
                rows += [{"photos": count, **row} for row in measure(bench, number, rounds, seed)]
    return {
        "model": vlm.name,
        "layers": layers,
        "device": torch.cuda.get_device_name(vlm.device) if vlm.device.type == "cuda" else platform.machine(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "question": QUESTION,
        "rounds": rounds,
        "rows": rows,
        "bars": _bars(rows, max(photos)),
    }


def _model(shape: str | None, device: str, layers: int | None) -> VLM:
    if shape is None:
        return VLM.load("pocket", device=device)
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    return random_model(shape, device, dtype, layers)


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


def _plot(result: dict[str, Any], file: Path) -> None:
    panels = []
    for photos in sorted({row["photos"] for row in result["rows"]}):
        lines: dict[str, list[tuple[float, float]]] = defaultdict(list)
        none = {r["concepts"]: r for r in result["rows"] if r["photos"] == photos and r["arm"] == "none"}
        for row in sorted(result["rows"], key=lambda row: _ORDER.index(row["arm"].split()[0])):
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the figure into this file.")] = None,
) -> None:
    """Time to the first token with and without memory."""
    if shape is not None and shape not in SHAPES:
        raise typer.BadParameter(f"a shape is one of {', '.join(SHAPES)}, got {shape!r}")
    several, counts = (tuple(int(count) for count in text.split(",")) for text in (numbers, photos))
    result = run(shape, device, several, counts, rounds, seed, layers)
    if plot is not None:
        _plot(result, plot)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    screen = Console()
    for count in counts:
        rows = [row for row in result["rows"] if row["photos"] == count]
        named = dict.fromkeys(row["arm"] for row in rows)
        arms = sorted(named, key=lambda arm: (arm.endswith("cold"), _ORDER.index(arm.split()[0])))
        title = f"{result['model']} on {result['device']}: time to first token, 1 = no memory; {count} photos"
        table = Table(title=title)
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
