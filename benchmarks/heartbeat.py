"""How late an event loop is while a local model answers in the same process.

    python -m benchmarks.heartbeat --json

A task sleeps 10 ms again and again, and counts by how many milliseconds each of its beats is late.

* ``idle``: nothing else runs; what the machine itself takes.
* ``ainvoke``: 50 questions at once to `ChatJarvis` with a memory of three of Pocket's concepts.
* control ``blocking``: the same questions, answered on the loop itself as a model without ``ainvoke`` would.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from jarvis_memory import PersonalMemory
from jarvis_plugins.langchain import ChatJarvis
from jarvis_pocket.exam import draw_exam

BEAT = 0.010


async def lateness(work: Callable[[], Awaitable[object]]) -> dict[str, float]:
    """Median, 99th percentile and maximum, in ms, of how late beats are during some work."""
    late: list[float] = []
    done = asyncio.Event()

    async def beat() -> None:
        while not done.is_set():
            due = time.perf_counter() + BEAT
            await asyncio.sleep(BEAT)
            late.append(time.perf_counter() - due)

    beating = asyncio.create_task(beat())
    began = time.perf_counter()
    await work()
    seconds = time.perf_counter() - began
    done.set()
    await beating
    found = np.asarray(late) * 1000
    return {
        "median_ms": float(np.median(found)),
        "p99_ms": float(np.quantile(found, 0.99)),
        "max_ms": float(found.max()),
        "beats": len(late),
        "seconds": seconds,
    }


def run(questions: int, seed: int) -> dict[str, Any]:
    """All three, on one household."""
    exam = draw_exam(random.Random(seed), ["fact"], "heldout")
    with tempfile.TemporaryDirectory() as folder, PersonalMemory.open(Path(folder) / "home") as memory:
        for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
            memory.remember(concept.name, list(photos), notes)
        model = ChatJarvis(memory=memory)
        names = [concept.name for concept in exam.concepts]
        asked = [f"What does {names[number % len(names)]} like?" for number in range(questions)]
        model.invoke(asked[0])  # loaded before anything is measured

        async def together() -> None:
            await asyncio.gather(*(model.ainvoke(question) for question in asked))

        async def blocking() -> None:
            for question in asked:
                model.invoke(question)
                await asyncio.sleep(0)

        async def idle() -> None:
            await asyncio.sleep(3)

        works = {"idle": idle, "ainvoke": together, "blocking": blocking}
        found = {name: asyncio.run(lateness(work)) for name, work in works.items()}
    return {"questions": questions, "load": os.getloadavg()[0], **found}


def main(
    questions: Annotated[int, typer.Option(help="How many at once.")] = 50,
    seed: Annotated[int, typer.Option(help="Which household.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print how late the loop is."""
    found = run(questions, seed)
    if as_json:
        print(json.dumps(found, indent=1))
        return
    table = Table(title=f"Lateness of a 10 ms beat, {questions} questions at once")
    for column in ("", "median ms", "p99 ms", "max ms", "seconds"):
        table.add_column(column, justify="right")
    for name in ("idle", "ainvoke", "blocking"):
        row = found[name]
        table.add_row(
            name, *(f"{row[key]:.1f}" for key in ("median_ms", "p99_ms", "max_ms")), f"{row['seconds']:.1f}"
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
