"""``jarvis secure``: encrypt a home, decrypt it, change its keys, and say how it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from .locks import asked_key, new_key
from .options import HomeOption, JsonOption, OwnerOption, settings_of
from .screen import counting, print_json, working

__all__ = ["secure_commands"]

secure_commands = typer.Typer(
    no_args_is_help=True, help="Encrypt what lies on the disk (extra secure): on, off, rotate, status."
)
_Keyring = Annotated[bool, typer.Option("--keyring", help="Keep the new key in the keyring of the system.")]


@secure_commands.command("on")
def on(context: typer.Context, keyring: _Keyring = False, home: HomeOption = None) -> None:
    """Encrypt the home, all owners; the key is asked for, or JARVIS_PASSPHRASE or JARVIS_MASTER_KEY has it.

    If it is cut short, run it again. Backups from before are as readable as they were.
    """
    from jarvis_memory.store.securing import secure, secured

    settings = settings_of(context, home=home)
    found = secured(settings.folder)
    going_on = found.source is not None and not found.finished
    key = asked_key(settings.folder) if going_on else new_key(keyring=keyring)
    with counting("encrypting", "owners") as done:
        secure(settings.folder, key, done)
    typer.echo(f"{settings.folder} is encrypted. Whoever loses the key loses the home.")


@secure_commands.command("off")
def off(context: typer.Context, home: HomeOption = None) -> None:
    """Decrypt the home, all owners. If it is cut short, run it again."""
    from jarvis_memory.store.securing import unsecure

    settings = settings_of(context, home=home)
    key = asked_key(settings.folder)
    with counting("decrypting", "owners") as done:
        unsecure(settings.folder, key, done)
    typer.echo(f"{settings.folder} is not encrypted any more.")


@secure_commands.command("rotate")
def rotate(
    context: typer.Context,
    data: Annotated[
        bool, typer.Option("--data", help="A new data key for the owner: all the owner has is written anew.")
    ] = False,
    keyring: _Keyring = False,
    home: HomeOption = None,
    owner: OwnerOption = None,
) -> None:
    """Change the master key; JARVIS_NEW_PASSPHRASE or JARVIS_NEW_MASTER_KEY has the new one."""
    from jarvis_memory.store.securing import change_master, change_owner

    settings = settings_of(context, home=home, owner=owner)
    key = asked_key(settings.folder)
    if data:
        with working("writing everything anew"):
            change_owner(settings.folder, settings.owner, key)
        typer.echo(f"All of {settings.owner} is encrypted with a new key.")
        return
    change_master(settings.folder, new_key(keyring=keyring, renewed=True), key)
    typer.echo(f"{settings.folder} has a new master key.")


@secure_commands.command("status")
def status(context: typer.Context, json: JsonOption = False, home: HomeOption = None) -> None:
    """Whether the home is encrypted, and with what; no key is needed."""
    from jarvis_memory.store.securing import secured

    settings = settings_of(context, home=home)
    found = secured(settings.folder)
    if json:
        print_json(asdict(found))
        return
    if found.source is None:
        typer.echo(f"{settings.folder} is not encrypted; `jarvis secure on` does that.")
        return
    what = {"passphrase": "a passphrase", "keyring": f"the keyring ({found.name})", "key": "a key"}
    typer.echo(f"{settings.folder} is encrypted for {found.encrypted} owners, with {what[found.source]}.")
    if not found.finished:
        typer.echo(f"{found.plain} owners are not encrypted: `jarvis secure on` or `off` was cut short.")
