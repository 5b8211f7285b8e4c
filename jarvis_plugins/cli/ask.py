"""``jarvis ask``."""

from __future__ import annotations

from typing import Annotated

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
from .screen import one_line, plain, print_json, working

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
        answer = memory.ask(question, image or [], mode=mode)
    if json:
        print_json(answer.to_dict())
        return
    typer.echo(plain(answer.text))
    who = ", ".join(map(one_line, answer.concepts)) or "no concept"
    typer.echo(
        f"({who}; {answer.usage.reused} tokens reused, {answer.usage.computed} computed; "
        f"first token after {1000 * answer.timings.ttft:.0f} ms)",
        err=True,
    )
