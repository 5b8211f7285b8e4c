"""What an answer costs, stage by stage: from memory, and with the photos in the prompt.

    python -m benchmarks.answering --concepts 12 --rounds 3

A drawn household, held out, and questions of three looks: in words, about a picture for the first time,
about a picture that was asked about before. Both methods answer each question, one right after the other and
in turn first; both find who is meant in the same way. Times are medians of processor time of this process, as
other work on the machine would otherwise count, in milliseconds; a ratio is the median over questions of a
method over ``jarvis``, so that 2.0 is twice as long. Before a first look what is kept of pictures is dropped.

``same`` is the control: ``jarvis`` against itself in the same way, which should be 1.00.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from jarvis_bench import BenchMemory, Dataset, Disguise, Query
from jarvis_bench.methods import Models, make_method
from jarvis_bench.pocket import draw_split, size_of
from jarvis_memory.watching import Deed, Retrieved, watched

LOOKS = ("words", "first", "again")
METHODS = ("jarvis", "photos", "same")
_WARM = 4


class Clock:
    """Processor time of one answer, and of finding who is meant."""

    def __init__(self, memory: BenchMemory) -> None:
        self.memory = memory

    def time(self, query: Query) -> dict[str, float]:
        """Milliseconds of each stage, and the text."""
        found: list[float] = []

        def listen(deed: Deed) -> None:
            if isinstance(deed, Retrieved):
                found.append(time.process_time())

        began = time.process_time()
        with watched(listen):
            self.memory.answer(query)
        done = time.process_time()
        retrieved = found[0] if found else began
        return {
            "retrieve": 1e3 * (retrieved - began),
            "rest": 1e3 * (done - retrieved),
            "answer": 1e3 * (done - began),
        }


def forget_pictures(memory: BenchMemory) -> None:
    """Drop what a memory keeps of pictures."""
    kept: Any = memory
    finder = kept._memory._engine.finder if hasattr(kept, "_memory") else kept._record._finder
    finder.seen.clear()


def measure(data: Dataset, models: Models, rounds: int) -> dict[str, dict[str, list[dict[str, float]]]]:
    """The stages of every answer, by look and method; places in the lists are the same questions."""
    disguise = Disguise(data, 0)
    jarvis, photos = (
        disguise.opened(make_method(name, models), data.concepts) for name in ("jarvis", "photos")
    )
    clocks = {"jarvis": Clock(jarvis), "photos": Clock(photos), "same": Clock(jarvis)}
    found: dict[str, dict[str, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    try:
        turn = 0
        for number in range(rounds + 1):
            for asked in disguise.order()[: None if number else _WARM]:
                query = disguise.query(asked)
                for look in ("first", "again") if query.images else ("words",):
                    names = METHODS[turn % 3 :] + METHODS[: turn % 3]
                    turn += 1
                    took = {}
                    for name in names:
                        if look == "first":
                            forget_pictures(clocks[name].memory)
                        took[name] = clocks[name].time(query)
                    if number:  # the first round warms up
                        for name, stages in took.items():
                            found[look][name].append(stages)
    finally:
        jarvis.close()
        photos.close()
    return found


def summary(found: Mapping[str, Mapping[str, list[dict[str, float]]]]) -> list[dict[str, Any]]:
    """Medians of the stages, and ratios question by question."""
    rows = []
    for look in LOOKS:
        if look not in found:
            continue
        of = found[look]
        for name in METHODS:
            pairs = list(zip(of[name], of["jarvis"], strict=True))
            rows.append(
                {
                    "look": look,
                    "method": name,
                    "answers": len(of[name]),
                    **{stage: statistics.median(one[stage] for one in of[name]) for stage in of[name][0]},
                    "ratio": statistics.median(one["answer"] / other["answer"] for one, other in pairs),
                }
            )
    return rows


def run(concepts: int, pictures: int, questions: int, rounds: int, seed: int) -> list[dict[str, Any]]:
    """Draw the household, ask, and sum up."""
    size = size_of("heldout", quick=True, concepts=concepts, pictures=pictures, questions=questions)
    with tempfile.TemporaryDirectory() as folder:
        data = draw_split("heldout", Path(folder), seed=seed, size=size)
        return summary(measure(data, Models(device="cpu"), rounds))


def main(
    concepts: Annotated[int, typer.Option(help="How many are known.", min=2)] = 12,
    pictures: Annotated[int, typer.Option(help="How many are asked about.", min=1)] = 4,
    questions: Annotated[int, typer.Option(help="How many of each kind.", min=1)] = 3,
    rounds: Annotated[int, typer.Option(help="How often all is asked; once more before that.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Of the household.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What an answer costs, from memory and with the photos in the prompt."""
    rows = run(concepts, pictures, questions, rounds, seed)
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    table = Table(title=f"{concepts} concepts; processor time, ms")
    for column in ("asked", "method", "n", "find", "the rest", "answer", "over jarvis"):
        table.add_column(column, justify="left" if column in ("asked", "method") else "right")
    for row in rows:
        stages = (f"{row[stage]:.1f}" for stage in ("retrieve", "rest", "answer"))
        table.add_row(row["look"], row["method"], str(row["answers"]), *stages, f"{row['ratio']:.2f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
