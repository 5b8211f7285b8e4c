"""Questions and tokens per second, answered one at a time and several at once.

    python -m benchmarks.throughput --json                                     # Pocket, CPU
    python -m benchmarks.throughput --shape qwen2.5-vl-7b --device cuda --json --plot docs/throughput.svg

Each question has a context of its own: n of the concepts, in an order of its own, made while the time runs.
In every batch all arms are measured in turn, in changing order; ``of_none`` is a ratio within that run.

* ``none``: the control, no memory at all.
* ``photos``: profiles and whole photos in the prompt.
* ``features``: cached vision features and a prefill (mode ``exact``).
* ``compose``, ``link``, ``blend``: from segments, ``hot``, ``warm`` or ``cold`` as in `benchmarks/ttft.py`.

An arm whose batch does not fit the memory of the GPU has no numbers, and says so. A real shape has random
weights: right for time and memory only.
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

import torch
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Panel, draw_lines
from benchmarks.machine import machine_facts, peak_bytes, reset_peak, settle
from benchmarks.shapes import SHAPES, model_of
from benchmarks.shelf import Shelf, chill
from benchmarks.subjects import Subject, pocket_subjects, random_subjects
from jarvis_memory.kv import Mode
from jarvis_memory.vlm import VLM, Generation, Query

QUESTION = "What do they have in common, and who of them is older?"
KEPT = (Mode.COMPOSE, Mode.LINK, Mode.BLEND)


class Load:
    """Batches of questions.

    Args:
        vlm: Answers them.
        subjects: Concepts to ask about.
        shelf: Their segments.
        concepts: How many of them are in a context.
        tokens: The most tokens of an answer.
        seed: Of which concepts a question is about.
    """

    def __init__(
        self, vlm: VLM, subjects: list[Subject], shelf: Shelf, concepts: int, tokens: int, seed: int
    ) -> None:
        self.vlm, self._subjects, self.shelf = vlm, subjects, shelf
        self._concepts, self._tokens, self._seed = concepts, tokens, seed

    def arms(self, batch: int) -> dict[str, Callable[[], list[Generation]]]:
        """Per arm what answers a batch."""
        rng = random.Random(self._seed)
        meant = [rng.sample(range(len(self._subjects)), self._concepts) for _ in range(batch)]
        asked: dict[str, Callable[[list[int]], Query]] = {
            "none": lambda _: self._query(None),
            "photos": self._photos,
            "features": partial(self._kept, Mode.EXACT, "hot"),
        }
        for tier in self.shelf.tiers:
            for mode in KEPT:
                asked[f"{mode.value} {tier}"] = partial(self._kept, mode, tier)
        return {name: partial(self._answered, query, meant) for name, query in asked.items()}

    def _answered(self, query: Callable[[list[int]], Query], meant: list[list[int]]) -> list[Generation]:
        return self.vlm.generate_many([query(numbers) for numbers in meant], len(meant))

    def _query(self, context: Any, question: str = QUESTION, images: tuple[Any, ...] = ()) -> Query:
        return Query(context, question, images, self._tokens)

    def _photos(self, numbers: list[int]) -> Query:
        some = [self._subjects[number] for number in numbers]
        told = "\n".join(subject.source.profile for subject in some)
        photos = tuple(photo for subject in some for photo in subject.photos)
        return self._query(None, f"{told}\n{QUESTION}", photos)

    def _kept(self, mode: Mode, tier: str, numbers: list[int]) -> Query:
        return self._query(self.vlm.context(self.shelf.take(tier, numbers), mode))


def measure(load: Load, batch: int, rounds: int, seed: int, patience: float) -> list[dict[str, Any]]:
    """All arms with a batch of this size."""
    device = load.vlm.device
    arms = load.arms(batch)
    seconds: dict[str, list[float]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    facts: dict[str, dict[str, Any]] = {name: {} for name in arms}
    rng = random.Random(seed)
    for turn in range(rounds + 1):
        for name in rng.sample(sorted(arms), len(arms)):
            if facts[name].get("fits") is False or (turn > 1 and spent[name] > patience):
                continue
            if name.endswith("cold"):
                chill(load.shelf.files)
            settle(device)
            reset_peak(device)
            began = time.perf_counter()
            told = _told(arms[name])
            if told is None:
                facts[name] = {"fits": False}
                continue
            took = time.perf_counter() - began
            spent[name] += took
            if turn:  # the first turn warms up
                seconds[name].append(took)
            facts[name] = {
                "fits": True,
                "peak_bytes": peak_bytes(device),
                "tokens": sum(answer.generated_tokens for answer in told),
            }
    rows = []
    for name, known in facts.items():
        row: dict[str, Any] = {"batch": batch, "arm": name, "fits": known["fits"]}
        if known["fits"]:
            took = statistics.median(seconds[name])
            row |= {
                "seconds": took,
                "requests_per_second": batch / took,
                "tokens_per_second": known["tokens"] / took,
                "peak_bytes": known["peak_bytes"],
            }
        rows.append(row)
    none = next((row["seconds"] for row in rows if row["arm"] == "none" and row["fits"]), None)
    return [row | ({"of_none": row["seconds"] / none} if none and row["fits"] else {}) for row in rows]


def _told(arm: Callable[[], list[Generation]]) -> list[Generation] | None:
    """What an arm answers; None if the memory of the GPU does not suffice."""
    try:
        return arm()
    except torch.OutOfMemoryError:
        pass
    # Only here, where no frame holds its tensors any more.
    torch.cuda.empty_cache()
    return None


def run(
    vlm: VLM,
    subjects: list[Subject],
    batches: tuple[int, ...],
    concepts: int,
    tokens: int,
    rounds: int,
    seed: int,
    patience: float = math.inf,
) -> dict[str, Any]:
    """All sizes of batches."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        load = Load(vlm, subjects, Shelf(vlm, subjects, Path(folder)), concepts, tokens, seed)
        for batch in batches:
            rows += measure(load, batch, rounds, seed, patience)
    return {
        "model": vlm.name,
        "machine": machine_facts(vlm.device),
        "question": QUESTION,
        "concepts": concepts,
        "photos": len(subjects[0].photos),
        "answer_tokens": tokens,
        "rounds": rounds,
        "rows": rows,
    }


def draw(result: dict[str, Any], file: Path) -> None:
    """The figure: requests and tokens per second against the size of a batch."""
    panels = []
    for what, unit in (("requests", "questions"), ("tokens", "tokens")):
        lines: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for row in result["rows"]:
            if row["fits"]:
                lines[row["arm"]].append((row["batch"], row[f"{what}_per_second"]))
        panels.append(Panel(unit.capitalize(), "questions at once", f"{unit} per second", lines, log=True))
    draw_lines(file, panels)


def main(
    shape: Annotated[str | None, typer.Option(help=f"One of {', '.join(SHAPES)}; else Pocket.")] = None,
    device: Annotated[str, typer.Option(help="Where the model computes.")] = "cpu",
    batch: Annotated[str, typer.Option(help="Questions at once.")] = "1,8,32",
    concepts: Annotated[int, typer.Option(help="Concepts in each context.", min=1, max=8)] = 3,
    photos: Annotated[int, typer.Option(help="Photos of each concept.", min=1)] = 3,
    tokens: Annotated[int, typer.Option(help="The most tokens of an answer.", min=1)] = 32,
    rounds: Annotated[int, typer.Option(help="Repetitions; medians are printed.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the concepts.")] = 1,
    layers: Annotated[int | None, typer.Option(help="Fewer layers of a shape, to try it.", min=2)] = None,
    patience: Annotated[float, typer.Option(help="Seconds after which an arm is not repeated.")] = math.inf,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the figure into this file.")] = None,
) -> None:
    """Questions and tokens per second from memory, against photos and cached features."""
    vlm = model_of(shape, device, layers)
    sizes = tuple(int(size) for size in batch.split(","))
    made = (pocket_subjects if shape is None else random_subjects)(vlm, 8, photos, seed)
    result = run(vlm, made, sizes, concepts, tokens, rounds, seed, patience)
    if plot is not None:
        draw(result, plot)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    where = result["machine"]["device"]
    table = Table(title=f"{result['model']} on {where}: per second; {concepts} concepts, {photos} photos")
    table.add_column("arm")
    for size in sizes:
        for column in (f"questions, {size} at once", "tokens", "peak GiB"):
            table.add_column(column, justify="right")
    found = {(row["batch"], row["arm"]): row for row in result["rows"]}
    for arm in dict.fromkeys(row["arm"] for row in result["rows"]):
        cells = []
        for size in sizes:
            row = found[size, arm]
            peak = row.get("peak_bytes")
            cells += [
                f"{row['requests_per_second']:.2f}" if row["fits"] else "does not fit",
                f"{row['tokens_per_second']:.1f}" if row["fits"] else "",
                "" if peak is None else f"{peak / 2**30:.1f}",
            ]
        table.add_row(arm, *cells)
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
