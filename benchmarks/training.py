"""How Pocket's VLM learned: whole answers that are right on the validation split, by step.

    python -m benchmarks.training --plot docs/figures/training.svg
    python -m benchmarks.training --run runs/vlm --plot curves.png

Without ``--run`` the curves of the weights that ship are drawn (``history.json`` beside them).
"""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Panel, draw_lines
from jarvis_pocket.ask import KINDS

SEEN = ("fact", "detail", "recognise", "who", "caption")


def curves(run: Path | None) -> list[dict[str, float]]:
    """What was seen at each look at the validation split.

    Raises:
        typer.BadParameter: there is no record of a run there.
    """
    shipped = Path(str(importlib.resources.files("jarvis_pocket") / "weights" / "vlm" / "history.json"))
    file = shipped if run is None else run / "progress.json"
    if not file.is_file():
        raise typer.BadParameter(f"no record of a run in {file}; name a folder that was trained in")
    found = json.loads(file.read_text(encoding="utf-8"))
    return list(found["history"] if isinstance(found, dict) else found)


def main(
    run: Annotated[Path | None, typer.Option(help="Folder of a run; the shipped weights by default.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the curves into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print and draw the curves of a training run."""
    looks = curves(run)
    if plot is not None:
        lines = {kind: [(one["step"], 100 * one[kind]) for one in looks if kind in one] for kind in KINDS}
        pictured: dict[str, list[tuple[float, float]]] = {kind: lines[kind] for kind in KINDS if kind in SEEN}
        told: dict[str, list[tuple[float, float]]] = {kind: lines[kind] for kind in KINDS if kind not in SEEN}
        panels = [
            Panel("One concept, and scenes", "step", "whole answers right, %", pictured),
            Panel("Several concepts, and turns", "step", "whole answers right, %", told),
        ]
        draw_lines(plot, panels)
    if as_json:
        typer.echo(json.dumps(looks, indent=1))
        return
    table = Table(title="Whole answers right on the validation split, in %")
    for column in ("step", "minutes", *KINDS, "mean"):
        table.add_column(column, justify="right")
    for one in looks:
        cells = [f"{100 * one[kind]:.0f}" if kind in one else "" for kind in (*KINDS, "mean")]
        table.add_row(f"{one['step']:.0f}", f"{one['minutes']:.0f}", *cells)
    Console(width=max(110, Console().width)).print(table)


if __name__ == "__main__":
    typer.run(main)
