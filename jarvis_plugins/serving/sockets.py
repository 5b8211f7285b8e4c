"""Which socket may speak for which tab: one of the same owner, who is signed in now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

from socketio.exceptions import ConnectionRefusedError as Refused

from .guard import KEY
from .sessions import Sessions

__all__ = ["Server", "Sockets"]

_DOOR: Final = {"path": "/login", "new_tab": False}
_ALIVE: Final = "event"
"""What a visitor does by hand; a browser sends all else by itself, which keeps no session alive."""


class Server(Protocol):
    """What is needed of ``socketio.AsyncServer``."""

    @property
    def handlers(self) -> dict[str, dict[str, Callable[..., Any]]]:
        """By namespace and event."""
        ...

    def get_environ(self, sid: str) -> dict[str, Any]:
        """Of the request that opened a socket."""
        ...

    def emit(self, event: str, data: object, *, to: str) -> Awaitable[None]:
        """Send an event to a socket."""
        ...

    def disconnect(self, sid: str) -> Awaitable[None]:
        """End a socket."""
        ...


class Sockets:
    """Binds NiceGUI's tabs to their owners.

    NiceGUI believes every message that names a tab, whoever sent it, for as long as its socket is open.

    Args:
        sessions: who is signed in.
        alone: whose page it is where nobody signs in; None if everybody has to.
    """

    def __init__(self, sessions: Sessions, alone: str | None) -> None:
        self._sessions, self._alone = sessions, alone
        self._tabs: dict[str, str] = {}
        self._open: dict[str, set[str]] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._server: Server | None = None

    def bind(self, tab: str, owner: str) -> None:
        """A tab (the id of a NiceGUI client) belongs to an owner."""
        self._tabs[tab] = owner

    def unbind(self, tab: str) -> None:
        """A tab was closed."""
        self._tabs.pop(tab, None)

    def guard(self, server: Server) -> None:
        """Put a check before every handler of a server."""
        self._server = server
        handlers = server.handlers["/"]
        for event, handler in tuple(handlers.items()):
            if event not in ("connect", "disconnect"):
                handlers[event] = self._checked(server, event, handler)
        handlers["connect"] = self._connecting(handlers["connect"])
        handlers["disconnect"] = self._disconnecting(handlers["disconnect"])

    async def close(self, key: object) -> None:
        """End all sockets of a key of `Sessions`; their tabs go to the door."""
        if self._server is None or not isinstance(key, str):
            return
        for sid in tuple(self._open.get(key, ())):
            await self._server.emit("open", _DOOR, to=sid)
            await self._server.disconnect(sid)

    def _connecting(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        async def connect(sid: str, environ: dict[str, Any], auth: object = None) -> object:
            key = _key(environ)
            asked = parse_qs(str(environ.get("QUERY_STRING", "")))
            # Refused in NiceGUI's own words: the browser loads the page again.
            if self._owner(key) is None or not all(self._may(key, tab) for tab in asked.get("client_id", ())):
                raise Refused("Implicit handshake failed")
            self._opened(key, sid)
            try:
                return await _called(handler, sid, environ, auth)
            except Refused:
                self._closed(sid)
                raise

        return connect

    def _disconnecting(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        async def disconnect(sid: str, reason: object = None) -> object:
            self._closed(sid)
            return await _called(handler, sid)

        return disconnect

    def _checked(self, server: Server, event: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        async def checked(sid: str, message: object = None, *more: object) -> object:
            key = _key(server.get_environ(sid))
            if self._owner(key, renew=event == _ALIVE) is None:
                await self.close(key)
                return False
            if not isinstance(message, dict) or not self._may(key, message.get("client_id")):
                return False
            return await _called(handler, sid, message)

        return checked

    def _opened(self, key: str | None, sid: str) -> None:
        if key is None:
            return
        self._open.setdefault(key, set()).add(sid)
        if key not in self._watches:
            self._watches[key] = asyncio.create_task(self._watch(key))

    def _closed(self, sid: str) -> None:
        for key in [key for key, sids in self._open.items() if sid in sids]:
            self._open[key].discard(sid)
            if not self._open[key]:
                del self._open[key]
                watch = self._watches.pop(key, None)
                if watch is not None and watch is not asyncio.current_task():
                    watch.cancel()

    async def _watch(self, key: str) -> None:
        """Wait until a key runs out, then end its sockets."""
        while (left := self._sessions.left(key)) > 0:
            await asyncio.sleep(left)
        await self.close(key)

    def _owner(self, key: str | None, *, renew: bool = False) -> str | None:
        return self._alone or self._sessions.owner(key, renew=renew)

    def _may(self, key: str | None, tab: object) -> bool:
        owner = self._owner(key)
        return owner is not None and isinstance(tab, str) and self._tabs.get(tab) == owner


def _key(environ: dict[str, Any]) -> str | None:
    """The key in the session of the request that opened a socket."""
    key = environ.get("asgi.scope", {}).get("session", {}).get(KEY)
    return key if isinstance(key, str) else None


async def _called(handler: Callable[..., Any], *arguments: object) -> object:
    made = handler(*arguments)
    return await made if isinstance(made, Awaitable) else made
