"""Serves the page until it is interrupted."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jarvis_retrievers.errors import ExtraError, SettingError
from jarvis_retrievers.log import log

from .service import Service, is_loopback

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from .owners import Owners
    from .rate import Rate
    from .sample import Suggestion
    from .sessions import Sessions

__all__ = ["serve"]

_COOKIE: Final = "jarvis"
_AGE: Final = 14 * 24 * 3600
# A tab that lost its connection for longer loads afresh; its conversation is gone. NiceGUI derives from it
# how long it waits for a ping, and a machine that computes may be slow to answer.
_RECONNECT: Final = 40.0


def check_extra() -> None:
    """ExtraError if NiceGUI is not installed."""
    if find_spec("nicegui") is None:
        raise ExtraError(
            'jarvis serve needs nicegui, which is not installed; run: pip install "jarvis-plugins[demo]"'
        )


def serve(service: Service, ready: Callable[[str], None] = lambda url: None) -> None:
    """Load the models, then serve the page until it is interrupted.

    Args:
        service: what, and to whom.
        ready: called with the page's address as soon as it can be opened.

    Raises:
        ExtraError: NiceGUI is not installed. SettingError: the port is taken, or a model cannot be loaded.
    """
    check_extra()
    with listening(service.host, service.port) as place, _home(service) as home:
        from .owners import Owners
        from .sample import furnish, household_suggestions

        with Owners.open(home, service.model, service.clip, service.device, service.limits) as owners:
            suggestions: tuple[Suggestion, ...] = ()
            if service.home is None:
                furnish(owners.memory(service.owner))
                suggestions = household_suggestions()
            app = _guarded(service, owners, suggestions)
            run(uvicorn_config(app, service), place, lambda: ready(url_of(service.host, place)))


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens at a host and a port; 0 takes a free one.

    Raises:
        SettingError: it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((host.strip("[]"), port))
        except OSError as error:
            raise SettingError(
                f"nothing can listen on {host} port {port} ({error.strerror}); "
                "choose another --port, 0 takes a free one"
            ) from error
        place.listen(128)
        yield place


@contextmanager
def _home(service: Service) -> Iterator[Path]:
    """The home, or a temporary one that is deleted in the end."""
    with tempfile.TemporaryDirectory(prefix="jarvis-serve-") as folder:
        # NiceGUI reads it on import, else it looks into the folder we were started from.
        os.environ["NICEGUI_STORAGE_PATH"] = str(Path(folder) / "nicegui")
        yield service.home if service.home is not None else Path(folder) / "home"


def _guarded(service: Service, owners: Owners, suggestions: tuple[Suggestion, ...]) -> ASGIApp:
    from fastapi import FastAPI
    from nicegui import core, ui

    from .doors import add_doors
    from .page import add_page
    from .routes import LOOK, add_routes
    from .sessions import Sessions
    from .sockets import Sockets
    from .throttle import Throttle

    alone = service.owner if service.users is None else None
    app, sessions = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), Sessions()
    sockets = Sockets(sessions, alone)
    sockets.guard(core.sio)
    add_routes(app, owners, suggestions)
    if service.users is not None:
        add_doors(app, service.users, sessions, Throttle(), sockets.close)
    add_page(service, owners, sessions, sockets, suggestions)
    ui.run_with(
        app,
        title="Jarvis",
        favicon=LOOK / "mark.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=_RECONNECT,
    )
    return walled(app, service, sessions, owners.rates.pages)


def walled(app: ASGIApp, service: Service, sessions: Sessions, pages: Rate) -> ASGIApp:
    """An app behind a `Guard` and a signed cookie; of ``pages`` so many may be opened."""
    from starlette.middleware.sessions import SessionMiddleware

    from .guard import Guard

    alone = service.owner if service.users is None else None
    hosts = frozenset({"localhost", "127.0.0.1", "::1", service.host.strip("[]")})
    guarded = Guard(
        app, sessions, alone, hosts if is_loopback(service.host) else None, pages, site=service.site
    )
    # A secret of this process: after a restart everybody signs in again.
    return SessionMiddleware(
        guarded,
        secret_key=secrets.token_urlsafe(32),
        session_cookie=_COOKIE,
        max_age=_AGE,
        same_site="strict",
        https_only=service.secure,
    )


def url_of(host: str, place: socket.socket) -> str:
    """The address of what listens there."""
    named = f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{named}:{place.getsockname()[1]}"


def uvicorn_config(app: ASGIApp, service: Service) -> uvicorn.Config:
    """How uvicorn serves an app."""
    import uvicorn

    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Else uvicorn believes X-Forwarded-For from this machine: whoever guesses could choose an address.
        proxy_headers=service.proxy is not None,
        forwarded_allow_ips=service.proxy or "",
        timeout_graceful_shutdown=2,
        # A message of the page's socket is small: pictures come by another way.
        ws_max_size=2**20,
    )


def run(config: uvicorn.Config, place: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until it is interrupted or told to end; ``ready`` is called as soon as requests are answered."""
    import asyncio

    import uvicorn

    server = uvicorn.Server(config)

    async def main() -> None:
        async def tell() -> None:
            while not server.started:
                await asyncio.sleep(0.02)
            log("server.started")
            ready()

        telling = asyncio.create_task(tell())
        await server.serve(sockets=[place])
        telling.cancel()
        log("server.stopped")

    # uvicorn ends in order, then raises the signal again: without a handler that kills the process before the
    # temporary home is deleted. Ctrl+C is how the page is meant to be ended.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
