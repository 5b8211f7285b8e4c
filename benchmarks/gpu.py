"""All tables of docs/performance.md that want a GPU, by one command that goes on where it stopped.

    python -m benchmarks.gpu --out runs/gpu           # stops within 10 minutes; run it until nothing is left
    python -m benchmarks.performance_page runs/gpu    # writes tables and figures into the page
    python -m benchmarks.gpu --out runs/trial --trial --shapes qwen2.5-vl-3b    # the same, tiny, on a CPU

Each shape is loaded once and measured in steps; what a step found is in ``<out>/<shape>.json`` before the
next one begins. A step that is there is not done again. Results of two machines never share a folder.
"""

from __future__ import annotations

import gc
import json
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from benchmarks import floors, mechanics, storage, throughput, ttft
from benchmarks.machine import machine_facts
from benchmarks.shapes import SHAPES, check_shape, random_model
from benchmarks.subjects import random_subjects
from jarvis_memory.kv import Storage
from jarvis_memory.vlm import VLM
from jarvis_retrievers.errors import InputError

__all__ = ["FULL", "TRIAL", "Sizes", "do_steps", "read_results", "steps_of"]

_SEED = 1
# Until one was seen, a step is taken to last as long.
_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Attributes:
        numbers: Concepts in a context, for the time to the first token.
        photos: Photos of each, in a step of its own.
        rounds: Repetitions.
        patience: Seconds after which an arm is not repeated.
        batches: Questions at once.
        concepts: In each context of them.
        tokens: Of an answer.
        together: Concepts of the stages and of what is stored.
        mebibytes: What is copied at a time to measure limits.
        compared: Concepts in a context that is compared with a full prefill.
        contexts: How many of each.
        storages: How their segments are stored.
    """

    numbers: tuple[int, ...]
    photos: tuple[int, ...]
    rounds: int
    patience: float
    batches: tuple[int, ...]
    concepts: int
    tokens: int
    together: int
    mebibytes: int
    compared: tuple[int, ...]
    contexts: int
    storages: tuple[Storage, ...]


FULL = Sizes(
    numbers=(0, 1, 2, 3, 4, 6, 8),
    photos=(5, 3, 1),
    rounds=5,
    patience=12.0,
    batches=(1, 8, 32),
    concepts=3,
    tokens=32,
    together=8,
    mebibytes=1024,
    compared=(1, 2, 4, 8),
    contexts=2,
    storages=mechanics.STORAGES,
)
TRIAL = Sizes(
    numbers=(0, 1),
    photos=(1,),
    rounds=1,
    patience=0.0,
    batches=(1, 2),
    concepts=1,
    tokens=2,
    together=2,
    mebibytes=16,
    compared=(2,),
    contexts=1,
    storages=(Storage.INT8,),
)

Step = Callable[[VLM], dict[str, Any]]


def steps_of(sizes: Sizes) -> dict[str, Step]:
    """What is measured of each shape, the most important first."""
    first, *others = (f"ttft-{count}" for count in sizes.photos)
    waits = {f"ttft-{count}": _waiting(sizes, count) for count in sizes.photos}
    return {
        "floors": lambda vlm: floors.run(
            vlm,
            random_subjects(vlm, sizes.together, 3, _SEED),
            sizes.rounds,
            max(2, sizes.tokens // 2),
            _SEED,
            sizes.mebibytes,
        ),
        first: waits[first],
        "throughput": lambda vlm: throughput.run(
            vlm,
            random_subjects(vlm, 8, min(3, max(sizes.photos)), _SEED),
            sizes.batches,
            sizes.concepts,
            sizes.tokens,
            sizes.rounds,
            _SEED,
            sizes.patience,
        ),
        "storage": lambda vlm: storage.run(
            vlm, [s.source for s in random_subjects(vlm, sizes.together, 1, _SEED)], sizes.rounds
        ),
        "fidelity": lambda vlm: mechanics.run(
            vlm,
            random_subjects(vlm, max(sizes.compared), 1, _SEED),
            sizes.compared,
            sizes.contexts,
            _SEED,
            sizes.storages,
        ),
        **{name: waits[name] for name in others},
    }


def _waiting(sizes: Sizes, photos: int) -> Step:
    return lambda vlm: ttft.run(
        vlm, random_subjects, sizes.numbers, (photos,), sizes.rounds, _SEED, sizes.patience
    )


def read_results(folder: Path) -> dict[str, dict[str, Any]]:
    """What is known of each shape: ``steps``, and the ``seconds`` of each; in the order of `SHAPES`."""
    files = {shape: folder / f"{shape}.json" for shape in SHAPES}
    return {s: json.loads(file.read_text("utf-8")) for s, file in files.items() if file.exists()}


def do_steps(
    folder: Path,
    shape: str,
    steps: dict[str, Step],
    load: Callable[[], VLM],
    until: float,
    tell: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Do the steps of a shape that were not done.

    Args:
        folder: For what they find.
        shape: A name of `SHAPES`.
        steps: What there is to do.
        load: Makes the model; called once, if there is something to do.
        until: When (``time.monotonic``) to be done: no step is begun that is thought to last longer.
        tell: Called with a line on each step.

    Returns:
        The steps that are left; those that failed too, of which ``tell`` is told why.

    Raises:
        InputError: What is in the folder was measured on another machine.
    """
    results = read_results(folder)
    known = results.get(shape, {"steps": {}, "seconds": {}})
    left = [name for name in steps if name not in known["steps"]]
    vlm: VLM | None = None
    for name in tuple(left):
        lasted = [r["seconds"][name] for r in results.values() if name in r["seconds"]]
        if time.monotonic() + max(lasted, default=_SECONDS) > until:
            break
        if vlm is None:
            vlm = load()
            _check_machine(folder, results, machine_facts(vlm.device))
        began = time.monotonic()
        try:
            found = steps[name](vlm)
        except Exception:
            # A machine is lent for minutes: what else there is to measure does not wait for a mending.
            tell(f"{shape}: {name} failed\n{traceback.format_exc()}")
            continue
        known["steps"][name] = found
        known["seconds"][name] = time.monotonic() - began
        tell(f"{shape}: {name}, {known['seconds'][name]:.0f} s")
        _write(folder / f"{shape}.json", known)
        left.remove(name)
    return left


def _check_machine(folder: Path, results: dict[str, dict[str, Any]], here: dict[str, str]) -> None:
    for known in results.values():
        for step in known["steps"].values():
            there = {**step["machine"], "date": here["date"]}
            if there != here:
                raise InputError(
                    f"{folder} holds what {there} measured, and this is {here}; give another folder to --out."
                )


def _write(file: Path, known: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(known, indent=1), "utf-8")
    os.replace(new, file)


def main(
    out: Annotated[Path, typer.Option(help="Folder for what is found.")] = Path("runs/gpu"),
    shapes: Annotated[str, typer.Option(help="Which shapes, in order.")] = ",".join(SHAPES),
    device: Annotated[str | None, typer.Option(help="Where models compute; a trial: cpu, else cuda.")] = None,
    minutes: Annotated[float, typer.Option(help="Be done within so many minutes.", min=0)] = 9.0,
    trial: Annotated[bool, typer.Option("--trial", help="Two layers and tiny numbers.")] = False,
) -> None:
    """Measure every shape on a GPU; run it again until nothing is left."""
    until = time.monotonic() + 60 * minutes
    steps = steps_of(TRIAL if trial else FULL)
    where = device or ("cpu" if trial else "cuda")
    dtype = torch.bfloat16 if where.startswith("cuda") else torch.float32
    left = 0
    for shape in shapes.split(","):
        check_shape(shape)

        def load(shape: str = shape) -> VLM:
            return random_model(shape, where, dtype, 2 if trial else None)

        left += len(do_steps(out, shape, steps, load, until, print))
        # The next model wants the memory of this one.
        gc.collect()
        torch.cuda.empty_cache()
    print(f"{left} steps are left: run the same command again." if left else "Nothing is left.")


if __name__ == "__main__":
    typer.run(main)
