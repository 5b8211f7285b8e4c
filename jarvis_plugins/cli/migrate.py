"""``jarvis migrate``."""

from __future__ import annotations

from typing import Annotated

import typer

from jarvis_retrievers.errors import SettingError

from .homes import open_memory
from .moving import move
from .options import ClipOption, DeviceOption, HomeOption, ModelOption, OwnerOption, settings_of
from .screen import working

__all__ = ["migrate"]


def migrate(
    context: typer.Context,
    kv: Annotated[
        str | None,
        typer.Option(
            "--kv",
            metavar="WORD",
            help="bf16, int8 or fp8 (half the bytes), none (inputs only), f16, f32.",
            show_default=False,
        ),
    ] = None,
    selector: Annotated[
        str | None,
        typer.Option(
            "--selector",
            metavar="WORD",
            help="What of photos segments are made from: patches, attention, full or uniform.",
            show_default=False,
        ),
    ] = None,
    tokens: Annotated[
        int | None,
        typer.Option(
            "--tokens",
            metavar="N",
            help="The most tokens of a photo, for attention and uniform; by default a fifth.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="PLACE",
            help="Copy everything (or --owner alone) to another folder or to postgresql://...",
            show_default=False,
        ),
    ] = None,
    to_blobs: Annotated[
        str | None,
        typer.Option(
            "--to-blobs",
            metavar="PLACE",
            help="With --to postgresql://, the folder of photos there.",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Make or store segments in another way, those that are there at once; or copy everything elsewhere."""
    settings = settings_of(context, home=home, owner=owner, model=model, clip=clip, device=device)
    if to is not None:
        if kv or selector or tokens:
            raise SettingError("--to copies the record as it is; store segments in another way afterwards")
        move(settings, to, to_blobs, owner)
        return
    with open_memory(settings) as memory, working("writing segments"):
        before = memory.nbytes()
        count = memory.migrate(kv, selector=selector, tokens=tokens)
        after = memory.nbytes()
    done = ([f"made from {selector}"] if selector else []) + ([f"stored as {kv}"] if kv else [])
    typer.echo(
        f"{count} segments are {' and '.join(done)}: {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now."
    )
