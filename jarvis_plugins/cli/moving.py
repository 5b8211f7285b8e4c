"""``jarvis migrate --to``: owner by owner into another home or a cluster."""

from __future__ import annotations

from contextlib import closing

import typer

from jarvis_retrievers.errors import SettingError

from .homes import check_there, key_of
from .options import Settings
from .screen import complain, one_line, working

__all__ = ["move"]


def move(settings: Settings, to: str, blobs: str | None, owner: str | None) -> None:
    """Copy one owner, or all, and say what was copied; each is compared before the next begins.

    Args:
        settings: where from.
        to: a folder, or ``postgresql://...``.
        blobs: for a cluster, where its photos are to be.
        owner: whose; all by default.

    Raises:
        SettingError: source and target are one.
    """
    from jarvis_memory.store.places import open_place
    from jarvis_memory.store.transfer import encrypted, owners_of, transfer

    check_there(settings)
    target_at = settings.with_given(home=to)
    clusters = settings.in_cluster or target_at.in_cluster
    if to == settings.home or (not clusters and target_at.folder == settings.folder):
        raise SettingError("--to names the home that is copied; name another")
    source = open_place(settings.home, settings.blobs, read_only=True, key=key_of(settings))
    with closing(source[0]):
        target = open_place(to, blobs, key=key_of(target_at))
        with closing(target[0]):
            owners = owners_of(source[0]) if owner is None else (owner,)
            for each in owners:
                with working(f"copying {one_line(each)}"):
                    moved = transfer(source, target, each)
                typer.echo(
                    f"{one_line(each)}: {moved.written} concepts copied, {moved.there} were there, "
                    f"{moved.items} items; compared."
                )
            hidden = encrypted(source[0])
            unsafe = hidden and not encrypted(target[0])
    if unsafe:
        complain(
            "note", "the copy is not encrypted, though the home is: whoever has it reads everything in it"
        )
    elif hidden and target_at.in_cluster and not settings.in_cluster:
        complain(
            "note",
            "photos are encrypted in the cluster, rows are not: who has its password reads names and notes",
        )
    if not owners:
        typer.echo("Nobody has remembered anything there.")
