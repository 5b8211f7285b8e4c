"""What surrounds every request: its id, its headers, its line in the log."""

from __future__ import annotations

import secrets
import time
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from jarvis_retrievers.log import log, owner_tag, wanted

__all__ = ["Framed"]

_ROUTES: Final = ("/v1/chat/completions", "/v1/models", "/healthz", "/readyz")


class Framed:
    """An app whose responses have an id (``x-request-id``), are kept by nobody, and are told to the log.

    Args:
        app: what is framed.
    """

    def __init__(self, app: Starlette) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, key, status = time.perf_counter(), f"req_{secrets.token_hex(12)}", 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = key
                headers["Cache-Control"] = "no-store"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:
            # Starlette has answered it by now, and raises it for whoever serves; it is told here, once.
            log("server.failed", error=error)
        if wanted("server.request"):
            owner, path = scope.get("jarvis.owner"), str(scope["path"])
            log(
                "server.request",
                owner=owner_tag(owner) if owner else None,
                method=scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "OTHER",
                route=next((one for one in _ROUTES if path == one or path.startswith(f"{one}/")), "other"),
                status=status,
                ms=1e3 * (time.perf_counter() - began),
            )
