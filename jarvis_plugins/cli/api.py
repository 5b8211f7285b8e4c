"""``jarvis api``."""

from __future__ import annotations

from typing import Annotated

import typer

from jarvis_retrievers.errors import SettingError

from .homes import check_there
from .options import (
    BlobsOption,
    ClipOption,
    DeviceOption,
    HomeOption,
    ModelOption,
    settings_of,
)
from .screen import one_line

__all__ = ["api"]


def api(
    context: typer.Context,
    tokens: Annotated[
        str | None, typer.Option("--tokens", metavar="FILE", help="Owners and digests of their tokens.")
    ] = None,
    add_token: Annotated[
        str | None,
        typer.Option(
            "--add-token", metavar="OWNER", help="Make a token of an owner, print it once, and end."
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="NAME", help="Where it listens.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="NUMBER", help="0 takes a free one.", show_default=True)
    ] = 8081,
    fetch: Annotated[
        bool, typer.Option("--fetch/--no-fetch", help="Fetch images from public https addresses.")
    ] = False,
    proxy: Annotated[
        str | None,
        typer.Option("--proxy", metavar="IP", help="A proxy that is believed when it says for whom it asks."),
    ] = None,
    home: HomeOption = None,
    blobs: BlobsOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
    device: DeviceOption = None,
) -> None:
    """Serve chat completions that OpenAI's clients can ask for; a token says whose memory answers."""
    settings = settings_of(context, home=home, blobs=blobs, model=model, clip=clip, device=device)
    if tokens is None:
        raise SettingError(
            "name the file of tokens: jarvis api --tokens FILE, with --add-token OWNER to make one"
        )
    if add_token is not None:
        from jarvis_plugins.api.tokens import add_token as add

        typer.echo(add(tokens, add_token))
        typer.echo(f"This is the token of {one_line(add_token)}; it is shown only now.", err=True)
        return
    from jarvis_plugins.api import serve_api
    from jarvis_plugins.api.server import check_extra
    from jarvis_plugins.api.service import ApiService

    check_extra()
    check_there(settings)
    service = ApiService(
        tokens=tokens,
        home=settings.home if settings.in_cluster else str(settings.folder),
        blobs=settings.blobs,
        model=settings.model,
        clip=settings.clip,
        device=settings.device,
        host=host,
        port=port,
        fetch=fetch,
        proxy=proxy,
    )

    def ready(url: str) -> None:
        typer.echo(f"The interface is at {url}/v1, its model is {service.model_id} (Ctrl+C ends it).")

    serve_api(service, ready)
