"""``jarvis forget`` and ``jarvis forget-owner``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from jarvis_retrievers.errors import SettingError

from .homes import open_record
from .options import HomeOption, JsonOption, OwnerOption, settings_of
from .screen import console, one_line, print_json, size, table

if TYPE_CHECKING:
    from jarvis_memory.store.receipt import Receipt

__all__ = ["forget", "forget_owner"]


def forget(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    receipt: Annotated[bool, typer.Option("--receipt", help="Say what was destroyed.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON and nothing else.")] = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
) -> None:
    """Forget a concept: afterwards nothing of it is in any file of the home."""
    with open_record(settings_of(context, home=home, owner=owner)) as record:
        gone = record.forget(name)
        given = record.receipts[-1]
    if json:
        print_json(given.as_json())
        return
    typer.echo(f"Forgot {one_line(gone.name)}.")
    if receipt:
        _print(given)


def forget_owner(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
) -> None:
    """Forget everything of an owner: concepts, photos, items, keys, the quota. There is no way back."""
    settings = settings_of(context, home=home, owner=owner)
    with open_record(settings) as record:
        if not yes:
            if not sys.stdin.isatty():
                raise SettingError(f"this forgets all of {settings.owner!r} for good; add --yes")
            count = record.holdings().concepts.count
            typer.confirm(
                f"Forget all {count} concepts of {one_line(settings.owner)!r} for good?", abort=True
            )
        given = record.delete_owner()
    if json:
        print_json(given.as_json())
        return
    typer.echo(f"Forgot the owner {one_line(settings.owner)!r}.")
    _print(given)


def _print(receipt: Receipt) -> None:
    rows = table("Destroyed", ">How many", ">Bytes")
    told = receipt.as_json()
    for what, amount in told["destroyed"].items():
        rows.add_row(what, str(amount["count"]), size(amount["nbytes"]))
    console().print(rows)
    typer.echo(f"At {receipt.at}, up to sequence number {receipt.sequence}; receipt {receipt.digest}.")
