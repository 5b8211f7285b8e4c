"""``jarvis edit``."""

from __future__ import annotations

from typing import Annotated

import typer

from .homes import open_memory
from .options import ClipOption, DeviceOption, HomeOption, ModelOption, OwnerOption, settings_of
from .screen import one_line, working
from .show import print_concept

__all__ = ["edit"]


def edit(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    category: Annotated[
        str | None, typer.Option("--category", metavar="WORDS", help="What it is, such as 'shiba'.")
    ] = None,
    caption: Annotated[
        str | None, typer.Option("--caption", metavar="TEXT", help="How it looks, in at most 25 words.")
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="PART: LOOK", help="Such as 'ear: black'; may be repeated."),
    ] = None,
    fact: Annotated[
        list[str] | None, typer.Option("--fact", metavar="TEXT", help="A sentence; may be repeated.")
    ] = None,
    reset: Annotated[
        list[str] | None,
        typer.Option(
            "--reset", metavar="FIELD", help="category, caption, attributes or facts: from the notes again."
        ),
    ] = None,
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Write parts of a profile by hand; they stay, whatever the notes say, until they are reset."""
    settings = settings_of(context, home=home, owner=owner, model=model, clip=clip, device=device)
    with open_memory(settings) as memory, working(f"editing {one_line(name)}"):
        concept = memory.edit(
            name,
            category=category,
            caption=caption,
            attributes=attribute or None,
            facts=fact or None,
            reset=reset or (),
        )
    print_concept(concept)
