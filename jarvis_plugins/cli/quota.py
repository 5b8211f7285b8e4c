"""``jarvis quota``."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated

import typer

from jarvis_retrievers.errors import SettingError

from .homes import open_record
from .options import HomeOption, JsonOption, OwnerOption, settings_of
from .screen import console, print_json, size, table

__all__ = ["quota"]

_BYTES = re.compile(r"(\d{1,15}(?:\.\d{1,9})?) ?([kMGT]?)B?\Z")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def quota(
    context: typer.Context,
    nbytes: Annotated[
        str | None,
        typer.Option("--bytes", metavar="SIZE", help="Such as 500MB or 2GB; 'none' for no limit."),
    ] = None,
    concepts: Annotated[
        str | None, typer.Option("--concepts", metavar="N", help="How many; 'none' for no limit.")
    ] = None,
    for_home: Annotated[
        bool, typer.Option("--for-home", help="For all owners of the home who have no number of their own.")
    ] = False,
    json: JsonOption = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
) -> None:
    """Show how much an owner has and may have, or limit it; caches do not count, forgetting always works."""
    from jarvis_memory.store.quota import Quota

    settings = settings_of(context, home=home, owner=owner)
    with open_record(settings) as record:
        if nbytes is not None or concepts is not None:
            old = record.stored_quota(for_home=for_home)
            new = Quota(
                old.nbytes if nbytes is None else _number(nbytes, "bytes"),
                old.concepts if concepts is None else _number(concepts, "concepts"),
            )
            record.put_quota(new, for_home=for_home)
        limit, held = record.quota, record.holdings()
    if json:
        used = {"nbytes": held.record, "concepts": held.concepts.count}
        print_json({"owner": settings.owner, "used": used, "quota": asdict(limit)})
        return
    rows = table("", ">There is", ">Allowed")
    most = "no limit" if limit.nbytes is None else size(limit.nbytes)
    rows.add_row("bytes", size(held.record), most)
    rows.add_row(
        "concepts", str(held.concepts.count), "no limit" if limit.concepts is None else str(limit.concepts)
    )
    console().print(rows)


def _number(words: str, what: str) -> int | None:
    if words == "none":
        return None
    found = _BYTES.match(words) if what == "bytes" else re.match(r"(\d{1,15})()\Z", words)
    if found is None:
        example = "500MB" if what == "bytes" else "100"
        raise SettingError(f"--{what} must be a number such as {example}, or 'none', got {words!r}")
    return round(float(found[1]) * _UNITS[found[2]])
