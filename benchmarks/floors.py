"""How far each stage of an answer is from what the machine's limits allow.

    python -m benchmarks.floors --json                                     # Pocket, CPU
    python -m benchmarks.floors --shape qwen2.5-vl-7b --device cuda --json

For each stage its operations and bytes (`benchmarks/ceilings.py`), the fewest seconds that they take at the
rates which were measured in the same run (`benchmarks/rates.py`), the median seconds that it took, and how
many times the floor that is.

* ``load``: records of n concepts from the disk, the page cache emptied, digests and checks included.
* ``copy up``: their segments from pinned RAM to where the model computes.
* ``compose``: a context of them.
* ``question``: the words of a question behind it, to the first token.
* ``token``: each further token.
* ``prefill``, the control: the same context from cached features, computed (mode ``exact``).

``operators`` says of some stages how many operators of torch one call calls, and which take most of its time.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.ceilings import Limit, TextShape, Work, composing, prefill
from benchmarks.machine import machine_facts, settle
from benchmarks.operators import top_operators
from benchmarks.rates import measure_rates
from benchmarks.shapes import SHAPES, model_of
from benchmarks.shelf import Shelf, chill
from benchmarks.subjects import Subject, pocket_subjects, random_subjects
from jarvis_memory.kv import Context, Mode, Segment
from jarvis_memory.vlm import VLM
from jarvis_memory.vlm.decoding import greedy

QUESTION = "What do they have in common, and who of them is older?"
PROFILED = ("compose", "question", "token")
STAGES = ("load", "copy up", "compose", "question", "token", "prefill")


class Stages:
    """The stages of one question about some concepts, and what each cannot do without.

    Args:
        vlm: The model.
        shelf: Segments of the concepts.
        tokens: How many further tokens an answer has.
    """

    def __init__(self, vlm: VLM, shelf: Shelf, tokens: int) -> None:
        self.vlm, self.shelf, self.tokens = vlm, shelf, tokens
        self.numbers = range(len(shelf.files))
        self.context = vlm.context(shelf.hot, Mode.COMPOSE)
        config = vlm.parts.runner.config
        self.shape = TextShape.of(config, vlm.prefix.keys.element_size())
        self.asked = vlm.generate(self.context, QUESTION, (), 1).prompt_tokens - self.context.computed

    def work(self) -> dict[str, Work]:
        """Per stage."""
        rows, asked = self.context.tokens, self.asked
        return {
            "load": Work({Limit.DISK: sum(file.stat().st_size for file in self.shelf.files)}),
            "copy up": Work({Limit.HOST: sum(segment.nbytes for segment in self.shelf.warm)}),
            "compose": composing(self.shape, rows),
            "question": prefill(self.shape, asked, rows),
            "token": prefill(self.shape, 1, rows + asked + self.tokens // 2),
            "prefill": prefill(self.shape, rows, 0),
        }

    def calls(self) -> dict[str, Callable[[], object]]:
        """Per stage what does it; ``token`` is timed by :meth:`token`."""
        return {
            "load": lambda: self.shelf.cold(self.numbers),
            "copy up": self._copied,
            "compose": lambda: self.vlm.context(self.shelf.hot, Mode.COMPOSE),
            "question": lambda: int(self.vlm.first_logits(self.context, QUESTION).argmax()),
            "prefill": lambda: self.vlm.context(self.shelf.hot, Mode.EXACT),
        }

    def _copied(self) -> list[Segment]:
        device = self.vlm.device
        if device.type == "cuda":
            return [s.placed(lambda t: t.to(device, non_blocking=True)) for s in self.shelf.warm]
        return [s.placed(lambda t: t.clone()) for s in self.shelf.warm]

    def token(self) -> float:
        """Median seconds from one further token to the next."""
        runner = self.vlm.parts.runner
        memory: Context = self.context
        asked = runner.inputs(self.vlm.parts.layout.question(QUESTION, (), ()))
        cache, inputs, start = runner.begin(memory, asked, self.tokens + 1)
        at: list[float] = []
        for _ in greedy(runner, cache, inputs, start, frozenset(), self.tokens + 1):
            at.append(time.perf_counter())
        return statistics.median(late - soon for soon, late in pairwise(at))


def run(
    vlm: VLM, subjects: list[Subject], rounds: int, tokens: int, seed: int, mebibytes: int
) -> dict[str, Any]:
    """All stages in changing order, in several rounds; and the limits, before and after them."""
    rng = random.Random(seed)
    seconds: dict[str, list[float]] = defaultdict(list)
    dtype = vlm.prefix.keys.dtype
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stages = Stages(vlm, Shelf(vlm, subjects, folder), tokens)
        calls = stages.calls()
        before = measure_rates(vlm.device, dtype, folder, mebibytes)
        for turn in range(rounds + 1):
            for stage in rng.sample(STAGES, len(STAGES)):
                if stage == "load":
                    chill(stages.shelf.files)
                settle(vlm.device)
                began = time.perf_counter()
                if stage == "token":
                    took = stages.token()
                else:
                    calls[stage]()
                    settle(vlm.device)
                    took = time.perf_counter() - began
                if turn:  # the first turn warms up
                    seconds[stage].append(took)
        after = measure_rates(vlm.device, dtype, folder, mebibytes)
        rates = {limit: max(before[limit], after[limit]) for limit in Limit}
        rows = []
        for stage, work in stages.work().items():
            floor, by = work.floor(rates)
            took = statistics.median(seconds[stage])
            takes = {limit.value: amount for limit, amount in work.takes.items()}
            rows.append(
                {"stage": stage, "takes": takes, "floor": floor, "by": by.value, "seconds": took}
                | {"over_floor": took / floor}
            )
        operators = {}
        for stage in PROFILED:
            calls_of, most = top_operators(vlm.device, calls.get(stage, stages.token))
            operators[stage] = {"calls": calls_of, "most": [asdict(one) for one in most]}
    return {
        "model": vlm.name,
        "machine": machine_facts(vlm.device),
        "dtype": str(dtype).removeprefix("torch."),
        "concepts": len(subjects),
        "context_tokens": stages.context.tokens,
        "question_tokens": stages.asked,
        "rates": {limit.value: rate for limit, rate in rates.items()},
        "stages": rows,
        "operators": operators,
    }


def main(
    shape: Annotated[str | None, typer.Option(help=f"One of {', '.join(SHAPES)}; else Pocket.")] = None,
    device: Annotated[str, typer.Option(help="Where the model computes.")] = "cpu",
    concepts: Annotated[int, typer.Option(help="Concepts in the context.", min=1)] = 8,
    photos: Annotated[int, typer.Option(help="Photos of each.", min=1)] = 3,
    rounds: Annotated[int, typer.Option(help="Repetitions; medians are printed.", min=1)] = 5,
    tokens: Annotated[int, typer.Option(help="Further tokens of an answer.", min=2)] = 16,
    seed: Annotated[int, typer.Option(help="Seed of the concepts.")] = 1,
    layers: Annotated[int | None, typer.Option(help="Fewer layers of a shape, to try it.", min=2)] = None,
    mebibytes: Annotated[int, typer.Option(help="What is copied at a time to measure limits.", min=1)] = 256,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Each stage beside the fewest seconds that the machine's limits allow."""
    vlm = model_of(shape, device, layers)
    made = (pocket_subjects if shape is None else random_subjects)(vlm, concepts, photos, seed)
    result = run(vlm, made, rounds, tokens, seed, mebibytes)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    screen = Console()
    told = (f"{limit} {rate / 1e9:,.1f} G/s" for limit, rate in result["rates"].items())
    screen.print(f"{result['model']}, {result['dtype']}, {result['machine']['device']}: {', '.join(told)}")
    table = Table(title=f"{concepts} concepts, {result['context_tokens']} tokens")
    for column in ("stage", "operations, G", "bytes, MB", "floor, ms", "by", "took, ms", "over floor"):
        table.add_column(column, justify="left" if column in ("stage", "by") else "right")
    for row in result["stages"]:
        takes = dict(row["takes"])
        operations = takes.pop(Limit.OPERATIONS.value, None)
        table.add_row(
            row["stage"],
            "" if operations is None else f"{operations / 1e9:,.2f}",
            f"{sum(takes.values()) / 1e6:,.2f}",
            f"{1000 * row['floor']:.3f}",
            row["by"],
            f"{1000 * row['seconds']:.2f}",
            f"{row['over_floor']:.1f}",
        )
    screen.print(table)
    for stage, found in result["operators"].items():
        screen.print(f"{stage}: {operators_line(found)}")


def operators_line(found: dict[str, Any]) -> str:
    """What takes most of a stage, in words."""
    most = (f"{one['name']} {100 * one['share']:.0f} % in {one['calls']:,}" for one in found["most"])
    return f"{found['calls']:,} calls of operators; {', '.join(most)}"


if __name__ == "__main__":
    typer.run(main)
