"""How near each mode and each storage is to a full prefill, on Pocket.

    python -m benchmarks.fidelity --n 160 --json
    python -m benchmarks.fidelity --n 160 --plot docs/fidelity.svg
    python -m benchmarks.fidelity --shape qwen2.5-vl-7b --device cuda --n 64    # benchmarks/mechanics.py

Held-out questions about one concept (``fact``, ``detail``) and about several (``compare``, ``who``,
``caption``), in contexts of 1 to 8 concepts in random order, as `jarvis gate` asks them, for each storage of
the segments:

* ``kl``: divergence of the first token's distribution from ``exact``, in nats.
* ``agreement``: share of the first 16 greedy tokens before one differs from ``exact``.
* ``right``: share of right answers. Control: ``none``, the same questions without memory.
* ``break_even``: the number of tokens from which loading and composing is faster than computing them.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import mechanics
from benchmarks.figures import Panel, draw_lines
from benchmarks.mechanics import STORAGES
from benchmarks.shapes import SHAPES, model_of
from benchmarks.share import Share
from benchmarks.subjects import random_subjects
from jarvis_memory.gate import GATED, GateScore, Trial, Verdict, run_gate
from jarvis_memory.kv import Mode, Storage
from jarvis_memory.vlm import VLM


def several(verdict: Verdict, mode: Mode) -> Share:
    """Right answers from contexts of several concepts, all sizes together."""
    marks: list[bool] = []
    for score in verdict.scores:
        if score.mode is mode and score.segments > 1 and score.right is not None:
            right = round(score.right * score.questions)
            marks += [True] * right + [False] * (score.questions - right)
    return Share.of_all(marks)


def without(vlm: VLM, trials: list[Trial]) -> Share:
    """The control: the same questions without memory."""
    marks = []
    for trial in trials:
        said = vlm.generate(None, trial.question, trial.images, trial.max_new_tokens).text
        marks.append(trial.right is not None and trial.right(said))
    return Share.of_all(marks)


def seconds_of(vlm: VLM, trial: Trial, storage: Storage, rounds: int = 5) -> tuple[int, float, float]:
    """Tokens of a context, the seconds to compute it, and those to load and compose it; medians."""
    segments = [vlm.encode_segment(source) for source in trial.sources]
    records = [vlm.segment_to_bytes(segment, storage) for segment in segments]
    exact, composed = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        vlm.context(segments, Mode.EXACT)
        between = time.perf_counter()
        vlm.context([vlm.segment_from_bytes(record) for record in records], Mode.COMPOSE)
        exact.append(between - began)
        composed.append(time.perf_counter() - between)
    tokens = sum(segment.tokens for segment in segments)
    return tokens, sorted(exact)[rounds // 2], sorted(composed)[rounds // 2]


def break_even(rows: list[tuple[int, float, float]]) -> int | None:
    """The fewest tokens from which composing was faster in every larger context; None if it never was."""
    found = None
    for tokens, exact, composed in sorted(rows, reverse=True):
        if composed >= exact:
            break
        found = tokens
    return found


def run(n: int, seed: int) -> dict[str, Any]:
    """All storages on the same questions."""
    # Only here: a shape needs neither the encoder nor its libraries.
    from jarvis_plugins.gating import pocket_trials
    from jarvis_retrievers.openclip import OpenCLIPEncoder

    vlm = VLM.load("pocket", device="cpu")
    encoder = OpenCLIPEncoder.load("pocket", device="cpu")
    trials = list(pocket_trials(vlm, encoder, n, seed))
    verdicts = {storage: run_gate(vlm, trials, storage=storage) for storage in STORAGES}
    by_size = {len(trial.sources): trial for trial in trials}
    times = [seconds_of(vlm, trial, Storage.BF16) for _, trial in sorted(by_size.items())]
    sizes: dict[Storage, int] = defaultdict(int)
    for source in trials[-1].sources:
        segment = vlm.encode_segment(source)
        for storage in Storage:
            sizes[storage] += len(vlm.segment_to_bytes(segment, storage))
    plain = verdicts[Storage.BF16]
    exact = several(plain, Mode.EXACT)
    best = max(
        (several(plain, mode) for mode in GATED if mode is not Mode.EXACT), key=lambda share: share.value
    )
    int8 = several(verdicts[Storage.INT8], plain.mode)
    return {
        "questions": len(trials),
        "seed": seed,
        "none": without(vlm, trials).to_dict(),
        "storages": {
            storage.value: {
                "verdict": verdict.mode.value,
                "several": {
                    mode.value: several(verdict, mode).to_dict() for mode in Mode if mode is not Mode.AUTO
                },
                "scores": [score.model_dump(mode="json") for score in verdict.scores],
            }
            for storage, verdict in verdicts.items()
        },
        "bytes": {storage.value: size for storage, size in sizes.items()},
        "break_even_tokens": break_even(times),
        "bars": {
            "best mode within 1.5 points of exact": best.value >= exact.value - 0.015,
            "int8 within 0.5 points of bf16": int8.value >= several(plain, plain.mode).value - 0.005,
            "int8 at most 0.55 of the bytes of bf16": sizes[Storage.INT8] <= 0.55 * sizes[Storage.BF16],
        },
    }


def _plot(result: dict[str, Any], file: Path) -> None:
    scores = [GateScore.model_validate(s) for s in result["storages"]["bf16"]["scores"]]
    series: dict[str, list[tuple[float, float]]] = defaultdict(list)
    right: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for score in scores:
        if score.mode is not Mode.EXACT:
            series[score.mode.value].append((score.segments, score.kl))
        right[score.mode.value].append((score.segments, 100 * (score.right or 0)))
    draw_lines(
        file,
        [
            Panel("First token against exact", "concepts in the context", "KL in nats", series, log=True),
            Panel("Right answers", "concepts in the context", "%", right),
        ],
    )


def main(
    n: Annotated[int, typer.Option(help="Questions, about.", min=2)] = 160,
    seed: Annotated[int, typer.Option(help="Seed of the exams.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the figure into this file.")] = None,
    shape: Annotated[str | None, typer.Option(help=f"One of {', '.join(SHAPES)}; else Pocket.")] = None,
    device: Annotated[str, typer.Option(help="Where the model of a shape computes.")] = "cpu",
    layers: Annotated[int | None, typer.Option(help="Fewer layers of a shape, to try it.", min=2)] = None,
    numbers: Annotated[str, typer.Option(help="Concepts in a context, of a shape.")] = "1,2,4,8",
) -> None:
    """KL, agreement and right answers of every mode and storage, against exact."""
    if shape is not None:
        several_of = [int(number) for number in numbers.split(",")]
        _main_of_shape(model_of(shape, device, layers), several_of, n, seed, as_json)
        return
    result = run(n, seed)
    if plot is not None:
        _plot(result, plot)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    table = Table(title=f"{result['questions']} questions, contexts of several concepts, right answers in %")
    for column in ("storage", *(mode.value for mode in Mode if mode is not Mode.AUTO), "verdict"):
        table.add_column(column, justify="left" if column in ("storage", "verdict") else "right")
    for storage, found in result["storages"].items():
        cells = [f"{100 * share['accuracy']:.1f}" for share in found["several"].values()]
        table.add_row(storage, *cells, found["verdict"])
    screen = Console()
    screen.print(table)
    for bar, holds in result["bars"].items():
        screen.print(f"{'holds' if holds else 'MISSED'}: {bar}")


def _main_of_shape(vlm: VLM, numbers: list[int], n: int, seed: int, as_json: bool) -> None:
    subjects = random_subjects(vlm, max(numbers), 1, seed)
    result = mechanics.run(vlm, subjects, numbers, max(1, n // len(numbers)), seed)
    if as_json:
        print(json.dumps(result, indent=1))
        return
    table = Table(title=f"{result['model']}, random weights: first token against exact")
    for column in ("storage", "mode", "concepts", "KL, nats", "first 16 the same"):
        table.add_column(column, justify="left" if column in ("storage", "mode") else "right")
    for storage, mode, number, kl, agreement in mechanics.gate_table(result):
        table.add_row(storage, mode, str(number), f"{kl:.5f}", f"{agreement:.2f}")
    screen = Console()
    screen.print(table)
    for row in result["rows"]:
        far = ", ".join(f"{name} {value:.1e}" for name, value in row["far"].items())
        screen.print(f"{row['segments']} concepts, {row['tokens']} rows; furthest from exact: {far}")


if __name__ == "__main__":
    typer.run(main)
