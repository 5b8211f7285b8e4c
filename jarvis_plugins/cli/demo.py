"""``jarvis demo``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from .options import (
    ClipOption,
    DeviceOption,
    JsonOption,
    ModelOption,
    OwnerOption,
    Settings,
    settings_of,
)
from .screen import console, one_line, print_json, table, text

if TYPE_CHECKING:
    from jarvis_plugins.demo.result import DemoQuestion, DemoResult
    from jarvis_plugins.demo.runner import Step

__all__ = ["demo"]

# A model that loses its thread can go on for a page.
_SHOWN = 240


def demo(
    context: typer.Context,
    json: JsonOption = False,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="FOLDER", help="Build the home here, and keep it.")
    ] = None,
    household: Annotated[
        str | None,
        typer.Option("--household", metavar="FOLDER", help="Another household than the shipped one."),
    ] = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Remember a drawn household in a fresh home, ask about it, and tell what was right.

    The exit code is 1 if less than 85 % of the answers are right.
    """
    settings = settings_of(context, owner=owner, model=model, clip=clip, device=device)
    if keep is not None:
        result = _run(settings, Path(settings.with_given(home=keep).home), household)
    else:
        with tempfile.TemporaryDirectory(prefix="jarvis-demo-") as folder:
            result = _run(settings, Path(folder) / "home", household)
    if json:
        print_json(result.to_dict())
    else:
        _print(result, kept=keep, household=household)
    if not result.passed:
        raise typer.Exit(1)


def _run(settings: Settings, home: Path, household: str | None) -> DemoResult:
    from jarvis_plugins.demo.place import read_household

    what = read_household(None if household is None else Path(household))
    from jarvis_plugins.demo.runner import run_demo

    with _progress() as step:
        return run_demo(
            what,
            home,
            owner=settings.owner,
            model=settings.model,
            clip=settings.clip,
            device=settings.device,
            step=step,
        )


@contextmanager
def _progress() -> Iterator[Step | None]:
    """A progress bar on stderr; none where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console(err=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def step(words: str, done: int, total: int) -> None:
            bar.update(task, description=one_line(words), completed=done, total=total)

        yield step


def _print(result: DemoResult, *, kept: str | None, household: str | None) -> None:
    screen = console()
    rows = table("", "Question, answer, and what was expected", "Found", ">Reused", ">First", ">Ratio")
    rows.columns[1].ratio, rows.columns[2].max_width, rows.expand = 1, 15, True
    for question in result.questions:
        rows.add_row(*_cells(question))
    screen.print(rows)
    count = len(result.questions)
    without = sum(one.right_without_memory for one in result.questions)
    lines = (
        ("Right answers", f"{sum(one.right for one in result.questions)} of {count} ({result.accuracy:.0%})"),
        ("without memory", f"{without} of {count} ({result.accuracy_without_memory:.0%})"),
        ("First token", f"after {result.ttft_ratio_median:.2f} of the time of a full prefill (median)"),
        ("Home", f"{result.home_bytes / 1e6:.1f} MB{f' in {kept}' if kept else ', deleted again'}"),
    )
    for heading, words in lines:
        screen.print(Text.assemble((f"{heading:>15}  ", "bold"), text(words)))
    if not result.passed:
        screen.print(text("\nThe demo failed: fewer than 85 % of the answers are right.", "bold red"))
    # Not through rich, which would break a command over two lines.
    typer.echo(f"\n{_next(household)}")


def _cells(question: DemoQuestion) -> tuple[Text, ...]:
    said = one_line(question.answer) or "(nothing)"
    lines = Text.assemble(
        text(one_line(question.question), "bold"),
        (f"  {question.kind}\n", "dim"),
        text(said if len(said) <= _SHOWN else f"{said[:_SHOWN]}...", "green" if question.right else "red"),
        (f"\nexpected: {one_line(question.expected)}", "dim"),
    )
    return (
        Text("right", style="green") if question.right else Text("WRONG", style="bold red"),
        lines,
        text(one_line(", ".join(question.concepts)) or "none"),
        Text(str(question.tokens_reused)),
        Text(f"{1000 * question.ttft_seconds:.0f} ms"),
        Text(f"{question.ttft_ratio:.2f}"),
    )


def _next(household: str | None) -> str:
    import shlex

    from jarvis_plugins.demo.place import read_household

    one = read_household(None if household is None else Path(household)).concepts[0]
    path, here = one.photos[0], Path.cwd()
    photo = shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
    note = f"{one.about.partition('. ')[0].rstrip('.')}."
    return (
        "Try it yourself:\n"
        f"  jarvis remember {shlex.quote(one.name)} --photo {photo} --about {shlex.quote(note)}\n"
        f"  jarvis ask {shlex.quote(f'What does {one.name} like?')}\n"
        "Your own photos want bigger models; put behind both:\n"
        "  --model Qwen/Qwen3-VL-2B-Instruct --clip ViT-B-32/laion2b_s34b_b79k"
    )
