"""``jarvis backup`` and ``jarvis restore``."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import HomeOption, settings_of
from .screen import working

__all__ = ["backup", "restore"]

_Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="The folder of the backup.")]


def backup(context: typer.Context, folder: _Folder, home: HomeOption = None) -> None:
    """Copy the whole home, all owners, as it is at one moment; it may be in use."""
    from jarvis_memory.store.backup import backup as copy

    settings = settings_of(context, home=home)
    with working("copying"):
        copied = copy(settings.folder, folder)
    typer.echo(f"{copied.blobs} blobs and the catalogue are in {folder} ({copied.nbytes / 1e6:.1f} MB).")


def restore(context: typer.Context, folder: _Folder, home: HomeOption = None) -> None:
    """Make a home from a backup; every byte is checked, and no home that is there is touched."""
    from jarvis_memory.store.backup import restore as copy

    settings = settings_of(context, home=home)
    with working("copying"):
        copied = copy(folder, settings.folder)
    typer.echo(
        f"{copied.blobs} blobs and the catalogue are in {settings.folder} ({copied.nbytes / 1e6:.1f} MB)."
    )
