"""What every request has to pass: it comes from the page itself, and from somebody who may see it."""

from __future__ import annotations

import math
import time
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jarvis_retrievers.log import log, owner_tag, wanted

from .rate import Rate
from .sessions import Sessions

__all__ = ["KEY", "OWNER", "Guard"]

KEY: Final = "key"
"""Where a session holds the key of `Sessions`."""

OWNER: Final = "jarvis.owner"
"""Where a request's scope says whose it is."""

_PAGES: Final = ("/", "/login", "/logout", "/favicon.ico")
_ROUTES: Final = (
    *("/look/", "/sample/", "/photo/", "/crop/", "/picture/", "/region/", "/upload/"),
    *("/_nicegui/", "/_nicegui_ws/"),
)
_PUBLIC: Final = ("/login", "/look/", "/favicon.ico")
_CONTENT: Final = "; ".join(
    (
        "default-src 'self'",
        # NiceGUI compiles its templates in the browser.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# What a socket says in place of a number.
_ANSWERS: Final = {"websocket.accept": 101, "websocket.close": 403}
_HEADERS: Final = {
    "Content-Security-Policy": _CONTENT,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with it the form of the login would come from the origin "null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """Lets only those requests and sockets through that may come; runs inside a session middleware.

    A page of another site must not reach this one, neither by a socket, nor by a form, nor under a name of
    its own that leads to this machine (DNS rebinding): ``Origin``, if there is one, has to be the host that
    was asked, and that host has to be one of ``hosts``. An image or a frame has no ``Origin``: what a browser
    says of it in ``Sec-Fetch-Site`` (Fetch Metadata) is believed.

    Args:
        app: what is guarded.
        sessions: who is signed in.
        owner: whose page it is where nobody signs in; None if everybody has to.
        hosts: names under which it may be asked for; None for any.
        pages: how many tabs may be opened.
        site: the address of the page behind a proxy, which may ask for it under this name, or under one of
            ``hosts``.
    """

    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        owner: str | None,
        hosts: frozenset[str] | None,
        pages: Rate,
        site: str | None = None,
    ) -> None:
        self.app = app
        self._sessions, self._owner, self._pages = sessions, owner, pages
        self._site = None if site is None else (site, _name(site))
        self._hosts = hosts if hosts is None or site is None else hosts | {str(_name(site))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if wanted("server.request"):
            send = _noted(scope, send)
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            # Closed before it is accepted: the browser sees 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._hosts is not None and _name(f"//{host}") not in self._hosts:
            return PlainTextResponse("This page is not served under that name.", 421)
        origin = headers.get("origin")
        if origin is not None and not self._own(origin, host):
            return PlainTextResponse("This request comes from another page.", 403)
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not _followed(scope, headers):
            return PlainTextResponse("This request comes from another page.", 403)
        owner = self._owner or self._sessions.owner(scope.get("session", {}).get(KEY))
        scope[OWNER] = owner
        path = str(scope["path"])
        if owner is not None and not (path in _PAGES or path.startswith(_ROUTES)):
            # NiceGUI would build a page to say that there is none.
            return Response(status_code=404)
        if owner is not None and scope["type"] == "http" and path == "/":
            wait = math.ceil(self._pages.take(owner, (scope.get("client") or ("", 0))[0]))
            if wait:
                said = f"These are too many pages; try again in {wait} s."
                return PlainTextResponse(said, 429, {"Retry-After": str(wait)})
        if owner is not None or path == "/login" or path.startswith(_PUBLIC[1:]):
            return None
        if scope["type"] == "http" and (path == "/logout" or (path == "/" and scope["method"] == "GET")):
            return RedirectResponse("/login", 303)
        return PlainTextResponse("Sign in first.", 401)

    def _own(self, origin: str, host: str) -> bool:
        """Whether an origin is this page, asked for as ``host``."""
        if self._site is not None:
            site, name = self._site
            # With its scheme: whoever can change what comes by http must not reach what comes by https.
            if origin == site or _name(f"//{host}") == name:
                return origin == site
        return _place(origin) == host


def _noted(scope: Scope, send: Send) -> Send:
    """Tells the log how it was answered: where, without ids and queries, and with which number."""
    began, path = time.perf_counter(), str(scope["path"])
    route = path if path in _PAGES else "other"
    route = next((f"{one}…" for one in _ROUTES if path.startswith(one)), route)
    method = "SOCKET" if scope["type"] == "websocket" else str(scope.get("method"))

    async def sending(message: Message) -> None:
        await send(message)
        status = _ANSWERS.get(message["type"], message.get("status"))
        if status is not None:
            owner = scope.get(OWNER)
            log(
                "server.request",
                owner=owner_tag(owner) if owner else None,
                method=method if method in ("GET", "HEAD", "POST", "SOCKET") else "OTHER",
                route=route,
                status=status,
                ms=1e3 * (time.perf_counter() - began),
            )

    return sending


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _followed(scope: Scope, headers: Headers) -> bool:
    """Whether somebody follows a link: the one way in which another page may lead here."""
    return (
        scope.get("method") == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
        and "sec-purpose" not in headers
    )


def _place(url: str) -> str | None:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if message["status"] >= 400 or headers.get("content-type", "").startswith("text/html"):
                headers["Cache-Control"] = "no-store"
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
