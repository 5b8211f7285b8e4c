"""``jarvis migrate``."""

from __future__ import annotations

from typing import Annotated

import typer

from .homes import open_memory
from .options import ClipOption, DeviceOption, HomeOption, ModelOption, OwnerOption, settings_of
from .screen import working

__all__ = ["migrate"]


def migrate(
    context: typer.Context,
    kv: Annotated[
        str,
        typer.Option(
            "--kv",
            metavar="WORD",
            help="bf16, int8 or fp8 (half the bytes), none (inputs only), f16, f32.",
        ),
    ],
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Store segments in another way from now on, and those that are there at once."""
    settings = settings_of(context, home=home, owner=owner, model=model, clip=clip, device=device)
    with open_memory(settings) as memory, working("writing segments"):
        before = memory.nbytes()
        count = memory.migrate(kv)
        after = memory.nbytes()
    typer.echo(
        f"{count} segments are stored as {kv}: {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now."
    )
