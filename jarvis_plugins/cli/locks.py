"""Keys of encrypted homes, asked for on the terminal; never as an argument, which others can see."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from jarvis_retrievers.errors import SettingError

if TYPE_CHECKING:
    from jarvis_memory.store.master_key import MasterKey

__all__ = ["asked_key", "new_key"]

_CATALOGUE = "catalogue.sqlite"
_NEW = "JARVIS_NEW_"


def asked_key(folder: Path) -> MasterKey | None:
    """The passphrase of a home, asked for where it needs one that the environment does not have.

    None where none is needed, or nobody can be asked: opening the home says then what is missing.
    """
    # Most homes are not encrypted; to see that is one look into the file.
    if not (folder / _CATALOGUE).is_file() or not _terminal():
        return None
    from jarvis_memory.store.master_key import MasterKey
    from jarvis_memory.store.securing import secured

    if MasterKey.from_environment() is not None or secured(folder).source != "passphrase":
        return None
    return MasterKey.from_passphrase(typer.prompt("Passphrase", hide_input=True, err=True))


def new_key(*, keyring: bool, renewed: bool = False) -> MasterKey:
    """The key to encrypt a home with.

    Args:
        keyring: a new key in the keyring of the system.
        renewed: it takes the place of another, so that its variables begin with ``JARVIS_NEW_``.

    Raises:
        SettingError: nobody can be asked.
    """
    from jarvis_memory.store.master_key import MasterKey

    if keyring:
        return MasterKey.from_keyring(make=True)
    found = MasterKey.from_environment(_renewed(os.environ) if renewed else os.environ)
    if found is not None:
        return found
    if not _terminal():
        start = _NEW if renewed else "JARVIS_"
        raise SettingError(
            f"no key is given; set {start}PASSPHRASE or {start}MASTER_KEY, use --keyring, or run this on a "
            "terminal, which asks"
        )
    asked = typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return MasterKey.from_passphrase(asked)


def _terminal() -> bool:
    return sys.stdin.isatty()


def _renewed(environment: Mapping[str, str]) -> dict[str, str]:
    found = {name: value for name, value in environment.items() if name.startswith(_NEW)}
    return {name.replace(_NEW, "JARVIS_", 1): value for name, value in found.items()}
