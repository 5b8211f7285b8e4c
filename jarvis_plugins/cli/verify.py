"""``jarvis verify``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from jarvis_retrievers.errors import SettingError

from .homes import open_record
from .options import HomeOption, JsonOption, OwnerOption, settings_of
from .screen import one_line, print_json, working

__all__ = ["verify"]


def verify(
    context: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also decode every photo and compare its pixels with the record.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Drop damaged segments and files that nothing points to; go on if writes are lost.",
        ),
    ] = False,
    without_key: Annotated[
        bool,
        typer.Option("--bytes", help="Only compare rows and files of all owners with digests; needs no key."),
    ] = False,
    json: JsonOption = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
) -> None:
    """Read everything of an owner, and say what is damaged; exit code 1 if something is, and stays so."""
    settings = settings_of(context, home=home, owner=owner)
    if without_key:
        if deep or repair:
            raise SettingError("--bytes changes and decodes nothing; leave out --deep and --repair")
        from jarvis_memory.store.keyless import check_bytes

        with working("reading everything"):
            found, swept = list(check_bytes(settings.folder)), 0
    else:
        with open_record(settings, accept_loss=repair) as record, working("reading everything"):
            found = list(record.verify(deep=deep, repair=repair))
            swept = record.sweep() if repair else 0
    left = [finding for finding in found if not finding.repaired]
    if json:
        print_json({"findings": [asdict(finding) for finding in found], "files_swept": swept})
    else:
        for finding in found:
            done = " (dropped)" if finding.repaired else ""
            typer.echo(f"{one_line(finding.concept) or 'catalogue'}: {one_line(finding.what)}{done}")
        if swept:
            typer.echo(f"{swept} files that nothing pointed to are deleted.")
        if not left:
            typer.echo("All is well.")
    if left:
        raise typer.Exit(1)
