"""``python -m jarvis_pocket.train vlm|clip --out DIR``: train one of Pocket's models from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, help="Train Pocket's models from scratch, on a CPU or a GPU.")
Out = Annotated[Path, typer.Option(help="Folder for checkpoints and the exported model.")]
Resume = Annotated[bool, typer.Option(help="Go on from the last checkpoint in --out.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Seed = Annotated[int, typer.Option(help="Seed of weights, data and split.")]
Workers = Annotated[int, typer.Option(help="Processes that draw data ahead.")]
Threads = Annotated[int, typer.Option(help="Threads of the training process; 0 leaves torch's default.")]


def _prepare(device: str, threads: int) -> str:
    import torch

    if threads:
        torch.set_num_threads(threads)
    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


@app.command()
def vlm(
    out: Out,
    resume: Resume = False,
    device: Device = "auto",
    steps: Annotated[int, typer.Option(help="Steps; the learning rate falls over the last 30 %.")] = 8000,
    seed: Seed = 0,
    workers: Workers = 1,
    threads: Threads = 0,
    scale: Annotated[int, typer.Option(help="Multiplies the batch size; 8 suits a large GPU.")] = 1,
    compiled: Annotated[bool, typer.Option(help="Fuse the text layers with torch.compile.")] = True,
    init: Annotated[Path | None, typer.Option(help="An exported model to go on from.")] = None,
    lr: Annotated[float, typer.Option(help="Peak learning rate.")] = 2e-3,
    width: Annotated[int, typer.Option(help="Width of the text layers; a multiple of 64.")] = 192,
    layers: Annotated[int, typer.Option(help="Text layers.")] = 4,
    eyes_steps: Annotated[int, typer.Option(help="Steps of the stage that opens the eyes.")] = 2000,
    patience: Annotated[int, typer.Option(help="Looks without progress before the rate falls.")] = 12,
) -> None:
    """Train the vision-language model and export it to OUT/export."""
    from jarvis_pocket.train.vlm import Plan, train

    where = _prepare(device, threads)
    plan = Plan(
        steps=steps,
        eyes_steps=eyes_steps,
        patience=patience,
        lr=lr,
        scale=scale,
        seed=seed,
        workers=workers,
        width=width,
        layers=layers,
        compiled=compiled,
    )
    folder = train(out, plan, resume=resume, init=init, device=where)
    typer.echo(f"exported to {folder}")


@app.command()
def clip(
    out: Out,
    resume: Resume = False,
    device: Device = "auto",
    steps: Annotated[int, typer.Option(help="Steps; the learning rate falls over the last 30 %.")] = 3000,
    seed: Seed = 0,
    workers: Workers = 1,
    threads: Threads = 0,
) -> None:
    """Train the OpenCLIP model and export it to OUT/export."""
    from jarvis_pocket.train.clip import train

    where = _prepare(device, threads)
    folder = train(out, resume=resume, device=where, steps=steps, seed=seed, workers=workers)
    typer.echo(f"exported to {folder}")


if __name__ == "__main__":
    app()
