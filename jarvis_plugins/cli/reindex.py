"""``jarvis reindex``."""

from __future__ import annotations

from typing import Annotated

import typer

from .homes import open_memory
from .options import ClipOption, DeviceOption, HomeOption, ModelOption, OwnerOption, settings_of
from .screen import working

__all__ = ["reindex"]


def reindex(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="All concepts, not only those that need it.")
    ] = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Mine concepts again that another encoder has seen, or whose vectors are damaged."""
    settings = settings_of(context, home=home, owner=owner, model=model, clip=clip, device=device)
    with open_memory(settings) as memory, working("mining photos"):
        count = memory.reindex(everything=everything)
    typer.echo(f"{count} of the concepts were mined again." if count else "No concept needed it.")
