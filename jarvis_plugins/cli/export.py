"""``jarvis export`` and ``jarvis import``."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from .homes import open_record
from .options import HomeOption, JsonOption, OwnerOption, settings_of
from .screen import complain, one_line, print_json, size, working

if TYPE_CHECKING:
    from jarvis_memory.store.manifest import Manifest

__all__ = ["export", "import_"]

_Archive = Annotated[str, typer.Argument(metavar="ARCHIVE", help="One file.", show_default=False)]


def export(
    context: typer.Context,
    archive: _Archive,
    json: JsonOption = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
) -> None:
    """Write all that is remembered for one owner into one file, which is not encrypted."""
    settings = settings_of(context, home=home, owner=owner)
    with open_record(settings) as record, working("writing"):
        manifest = record.export(archive)
    _tell(manifest, f"of {one_line(manifest.owner)!r} are in {archive}", json, manifest.owner)
    complain(
        "note", "the archive is not encrypted, even if the home is: whoever has it reads everything in it"
    )


def import_(
    context: typer.Context,
    archive: _Archive,
    json: JsonOption = False,
    home: HomeOption = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="ID", help="Whose it becomes; by default whose it was.")
    ] = None,
) -> None:
    """Make an owner of an archive; every byte is checked first, and an owner who has something is refused."""
    from jarvis_memory.store.importing import OwnerArchive

    settings = settings_of(context, home=home, owner=owner)
    before = context.parent.get_parameter_source("owner") if context.parent else None
    given = owner is not None or (before is not None and before.name != "DEFAULT")
    with contextlib.ExitStack() as stack:
        with working("checking"):
            opened = stack.enter_context(OwnerArchive(archive))
        if not given:
            settings = settings.with_given(owner=opened.manifest.owner)
        # Outside of what moves on the screen, as it may ask for a passphrase.
        record = stack.enter_context(open_record(settings, make=True))
        with working("writing"):
            record.import_from(opened)
    _tell(opened.manifest, f"are there for {one_line(settings.owner)!r}", json, settings.owner)


def _tell(manifest: Manifest, done: str, json: bool, owner: str) -> None:
    counts = manifest.counts
    if json:
        print_json({"owner": owner, **counts._asdict(), "bytes": manifest.nbytes})
        return
    what = f"{counts.concepts} concepts, {counts.photos} photos, {counts.vectors} vectors"
    typer.echo(f"{what} and {counts.items} items {done} ({size(manifest.nbytes)}).")
