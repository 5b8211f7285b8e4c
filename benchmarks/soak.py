"""Does anything pile up? Many owners use Pocket in one process for a long time.

    python -m benchmarks.soak --minutes 20 --owners 50 --threads 4 --json

Threads remember, ask (in words and with pictures), update, recall and forget at random, as owners who share
one process, one model and one home. The 16 memories that were used last stay open. Needs Linux.

* ``memory``: mean of the resident bytes in the last quarter of the run over that in the second; sampled some
  hundred times, each time all threads rest and ``gc.collect`` has run. Bar: at most 1.05.
* ``files``, ``workers``: the same of open file handles and of the process's threads. Bar: at most 1.05.
* ``home``: bytes of the home in the last quarter over those in the second. No bar: owners have at most 4
  concepts, and these differ in size.
* ``errors``: what was raised, but for concepts that another thread has just forgotten. Bar: none.
"""

from __future__ import annotations

import gc
import json
import os
import random
import tempfile
import threading
import time
import traceback
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import typer
from PIL import Image
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.faults.opening import resident
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket import notes, scene, world
from jarvis_pocket.world import PocketConcept
from jarvis_retrievers.errors import DuplicateConceptError, UnknownConceptError
from jarvis_retrievers.openclip import OpenCLIPEncoder

__all__ = ["Soak", "main"]

BAR = 1.05
_SAMPLES = 400
_OPEN = 16
_CONCEPTS = 4
_NAMES = 6
_DEEDS = {"remember": 3, "ask": 5, "look": 3, "update": 2, "recall": 3, "forget": 2}


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process and its home take at a moment."""

    memory: int
    files: int
    workers: int
    home: int


@dataclass
class Soak:
    """Owners of one home in one process, and what has been done.

    Attributes:
        home: its folder.
        model, clip: shared by all.
        owners, seed: how many, and of what is drawn.
        done: how often each deed was done.
        errors: traces of what was raised.
    """

    home: Path
    model: VLM
    clip: OpenCLIPEncoder
    owners: int
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = random.Random(f"soak/{self.seed}")
        self._cast = world.draw_concepts(rng, _NAMES, "heldout")
        # Drawn once: what the drawing takes is nothing of a memory's.
        self._photos = {
            c.name: [scene.draw_photo(rng, c.look, 192).image for _ in range(8)] for c in self._cast
        }
        self._locks = [threading.Lock() for _ in range(self.owners)]
        self._open: OrderedDict[int, PersonalMemory] = OrderedDict()
        self._lock = threading.Lock()

    def act(self, rng: random.Random) -> None:
        """One deed of one owner; an error is kept."""
        number = rng.randrange(self.owners)
        (deed,) = rng.choices([*_DEEDS], [*_DEEDS.values()])
        try:
            with self._locks[number]:
                self._do(deed, self._memory(number), rng)
            self._close_old()
        except (UnknownConceptError, DuplicateConceptError):
            deed = f"{deed}, of none"
        except Exception:
            self.errors.append(f"{deed} of owner {number}: {traceback.format_exc()[-1500:]}")
        with self._lock:
            self.done[deed] += 1

    def _do(self, deed: str, memory: PersonalMemory, rng: random.Random) -> None:
        one = rng.choice(self._cast)
        picture = rng.choice(self._photos[one.name])
        match deed:
            case "remember":
                if len(memory.list()) >= _CONCEPTS:
                    memory.forget(rng.choice(memory.list()).name)
                memory.remember(one.name, self._some(one, rng), " ".join(notes.draw_notes(rng, one)))
            case "update":
                note = f"Seen {rng.randrange(10**6)} times."
                changed = memory.update(one.name, photos=self._some(one, rng)[:1], about=note)
                if len(changed.photos) > _CONCEPTS:
                    memory.forget(one.name)
            case "ask":
                memory.ask(f"What is {one.name}'s favourite food?")
            case "look":
                memory.ask("Who is this?", images=[picture])
            case "recall":
                memory.recall(f"the one called {one.name}", images=[picture] if rng.random() < 0.5 else [])
            case _:
                memory.forget(one.name)

    def _some(self, one: PocketConcept, rng: random.Random) -> list[Image.Image]:
        return rng.sample(self._photos[one.name], rng.choice((1, 2)))

    def _memory(self, number: int) -> PersonalMemory:
        """An owner's memory; called with the owner's lock."""
        with self._lock:
            found = self._open.get(number)
            if found is not None:
                self._open.move_to_end(number)
                return found
        made = PersonalMemory.open(self.home, owner=f"owner-{number}", model=self.model, clip=self.clip)
        with self._lock:
            self._open[number] = made
        return made

    def _close_old(self, keep: int = _OPEN) -> None:
        with self._lock:
            old = [*self._open][: max(0, len(self._open) - keep)]
        for number in old:
            with self._locks[number], self._lock:
                memory = self._open.pop(number, None)
            if memory is not None:
                memory.close()

    def sample(self) -> Sample:
        """What is taken now."""
        gc.collect()
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        size = sum(p.stat().st_size for p in self.home.rglob("*") if p.is_file()) if self.home.exists() else 0
        return Sample(resident()[0], len(os.listdir("/proc/self/fd")), int(status["Threads"]), size)

    def close(self) -> None:
        """Close all memories."""
        self._close_old(0)


def run(soak: Soak, seconds: float, threads: int, progress: Progress | None = None) -> list[Sample]:
    """Let threads act for some seconds; samples at equal distances, while all of them rest."""
    began, samples = time.monotonic(), list[Sample]()
    pause = threading.Condition()
    resting = 0
    wanted = over = False

    def work(number: int) -> None:
        nonlocal resting
        rng = random.Random(f"soak/{soak.seed}/{number}")
        while True:
            with pause:
                resting += wanted
                pause.notify_all()
                while wanted and not over:
                    pause.wait()
                if over:
                    return
            soak.act(rng)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    task = progress.add_task("soak", total=seconds) if progress else None
    while not over:
        time.sleep(seconds / _SAMPLES)
        with pause:
            resting, wanted = 0, True
            while resting < threads:
                pause.wait()
            samples.append(soak.sample())
            wanted, over = False, time.monotonic() - began >= seconds
            pause.notify_all()
        if progress and task is not None:
            progress.update(task, completed=min(seconds, time.monotonic() - began))
    for worker in workers:
        worker.join()
    return samples


def figures(samples: list[Sample]) -> dict[str, float]:
    """Of each figure the mean of the last quarter over that of the second."""
    quarter = max(1, len(samples) // 4)
    second, last = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
    return {
        name: mean(getattr(one, name) for one in last) / max(1, mean(getattr(one, name) for one in second))
        for name in ("memory", "files", "workers", "home")
    }


def main(
    minutes: Annotated[float, typer.Option(help="How long.")] = 20,
    owners: Annotated[int, typer.Option(help="How many owners.")] = 50,
    threads: Annotated[int, typer.Option(help="How many threads act at once.")] = 4,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Print what piles up, with the bars; exit code 1 if one is missed."""
    model, clip = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = Soak(Path(folder) / "home", model, clip, owners, seed)
        with Progress(console=Console(stderr=True), disable=as_json and not os.isatty(2)) as progress:
            samples = run(soak, 60 * minutes, threads, progress)
        soak.close()
    found = figures(samples)
    bars: dict[str, Any] = {
        f"{name} at most {BAR}": found[name] <= BAR for name in ("memory", "files", "workers")
    }
    bars["no error"] = not soak.errors
    told = {
        "minutes": minutes,
        "owners": owners,
        "threads": threads,
        "seed": seed,
        "samples": len(samples),
        **{name: round(value, 4) for name, value in found.items()},
        "MB": [round(one.memory / 1e6, 1) for one in samples[:: max(1, len(samples) // 20)]],
        "handles": [min(one.files for one in samples), max(one.files for one in samples)],
        "deeds": dict(soak.done),
        "errors": soak.errors[:5],
        "error count": len(soak.errors),
        "bars": bars,
    }
    if as_json:
        typer.echo(json.dumps(told))
    else:
        table = Table("figure", "value", title=f"{minutes:g} minutes, {owners} owners, {threads} threads")
        for name, value in told.items():
            table.add_row(name, str(value))
        Console().print(table)
    if not all(bars.values()):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
