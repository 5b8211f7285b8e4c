"""``jarvis ask``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .homes import open_memory
from .options import (
    ClipOption,
    DeviceOption,
    HomeOption,
    JsonOption,
    ModelOption,
    OwnerOption,
    settings_of,
)
from .screen import complain, one_line, plain, print_json, working

if TYPE_CHECKING:
    from jarvis_memory.answer import Answer

__all__ = ["ask"]


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image", metavar="FILE", help="A picture that the question is about; may be repeated."
        ),
    ] = None,
    video: Annotated[
        str | None, typer.Option("--video", metavar="FILE", help="A video that the question is about.")
    ] = None,
    json: JsonOption = False,
    mode: Annotated[
        str,
        typer.Option(
            "--mode", metavar="WORD", help="How the context is made: auto, compose, link, blend or exact."
        ),
    ] = "auto",
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Ask about what is remembered. The answer goes to stdout, how it was found to stderr."""
    settings = settings_of(context, home=home, owner=owner, model=model, clip=clip, device=device)
    with open_memory(settings) as memory, working("thinking"):
        answer = memory.ask(question, image or [], mode=mode, video=video)
    if json:
        print_json(answer.to_dict())
        return
    typer.echo(plain(answer.text))
    for notice in answer.notices:
        complain("warning", notice)
    for line in _seen(answer):
        typer.echo(line, err=True)
    who = ", ".join(map(one_line, answer.concepts)) or "no concept"
    missed = f", {answer.usage.missed} segments encoded anew" if answer.usage.missed else ""
    typer.echo(
        f"({who}; {answer.usage.reused} tokens reused, {answer.usage.computed} computed{missed}; "
        f"first token after {1000 * answer.timings.ttft:.0f} ms)",
        err=True,
    )


def _seen(answer: Answer) -> list[str]:
    """Who was seen in a video, and when."""
    times: dict[str, list[str]] = {}
    for one in answer.evidence:
        if one.seconds is not None:
            times.setdefault(one.concept, []).append(f"{one.seconds:.1f}")
    return [f"({one_line(name)} was seen at {', '.join(at)} s)" for name, at in times.items()]
