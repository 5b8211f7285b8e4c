"""``jarvis forget``."""

from __future__ import annotations

from typing import Annotated

import typer

from .homes import open_record
from .options import HomeOption, OwnerOption, settings_of
from .screen import one_line

__all__ = ["forget"]


def forget(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    home: HomeOption = None,
    owner: OwnerOption = None,
) -> None:
    """Forget a concept: afterwards nothing of it is in any file of the home."""
    with open_record(settings_of(context, home=home, owner=owner)) as record:
        gone = record.forget(name)
    typer.echo(f"Forgot {one_line(gone.name)}.")
