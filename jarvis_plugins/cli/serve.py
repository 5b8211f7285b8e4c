"""``jarvis serve``."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jarvis_retrievers.errors import SettingError

from .options import (
    ClipOption,
    DeviceOption,
    HomeOption,
    ModelOption,
    OwnerOption,
    Settings,
    settings_of,
)
from .screen import one_line

if TYPE_CHECKING:
    from jarvis_plugins.serving.users import Users

__all__ = ["serve"]


def serve(
    context: typer.Context,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="NAME", help="Where it listens; others than this machine need --users."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="NUMBER", help="0 takes a free one.", show_default=True)
    ] = 8080,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.", show_default=False)
    ] = True,
    users: Annotated[
        str | None,
        typer.Option("--users", metavar="FILE", help="Several owners behind a login; needs --home."),
    ] = None,
    add_user: Annotated[
        str | None,
        typer.Option(
            "--add-user", metavar="ID", help="Write an owner and a password's hash into --users, and end."
        ),
    ] = None,
    site: Annotated[
        str | None,
        typer.Option(
            "--site", metavar="URL", help="The page's address behind a proxy, as https://memory.example."
        ),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option("--proxy", metavar="IP", help="A proxy that is believed when it says for whom it asks."),
    ] = None,
    measure: Annotated[
        bool | None,
        typer.Option(
            "--measure/--no-measure",
            help="Measure each answer against a full prefill; by default with pocket only.",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    owner: OwnerOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Serve a page to talk with a memory.

    Without --home it starts with the drawn household, in a temporary home that is deleted in the end.
    """
    settings = settings_of(context, home=home, owner=owner, model=model, clip=clip, device=device)
    if add_user is not None:
        _add(users, add_user)
        return
    from jarvis_plugins.serving import Service
    from jarvis_plugins.serving import serve as run
    from jarvis_plugins.serving.server import check_extra

    check_extra()
    service = Service(
        # An own home has to be named: what is tried out does not belong into one that lasts.
        home=None if settings.home == Settings().home and home is None else settings.folder,
        owner=settings.owner,
        model=settings.model,
        clip=settings.clip,
        device=settings.device,
        host=host,
        port=port,
        users=_users(users),
        site=site,
        proxy=proxy,
        measure=settings.model == "pocket" if measure is None else measure,
    )

    def ready(url: str) -> None:
        typer.echo(f"Jarvis is at {url} (Ctrl+C ends it).")
        if open_:
            typer.launch(url)

    run(service, ready)


def _users(file: str | None) -> Users | None:
    from jarvis_plugins.serving import Users

    return None if file is None else Users.read(file)


def _add(file: str | None, owner: str) -> None:
    """Ask for a password, twice on a terminal, once where it is piped in."""
    from jarvis_plugins.serving.users import add_user

    if file is None:
        raise SettingError("--add-user needs the file: jarvis serve --users FILE --add-user NAME")
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password of {one_line(owner)}: ")
        if password != getpass.getpass("Again: "):
            raise SettingError("the two passwords are not the same; nothing was written")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    add_user(file, owner, password)
    typer.echo(f"{one_line(owner)} may sign in; the hash is in {one_line(str(Path(file)))}.")
