"""Signing in and out."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from .guard import KEY
from .login import login_page
from .sessions import Sessions
from .throttle import Throttle
from .users import Users

__all__ = ["add_doors"]

_MOST: Final = 8192


def add_doors(
    app: FastAPI,
    users: Users,
    sessions: Sessions,
    throttle: Throttle,
    ended: Callable[[object], Awaitable[None]],
) -> None:
    """The routes ``/login`` and ``/logout``; ``ended`` is called with a key that has been ended."""
    # Each guess takes 32 MB, and the pause after a wrong one has to hold for those that came with it.
    one_at_a_time = asyncio.Semaphore(1)

    @app.get("/login")
    async def door() -> Response:
        return HTMLResponse(login_page())

    @app.post("/login")
    async def come_in(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST:
                return HTMLResponse(login_page("That is too long for a name and a password."), 413)
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        owner, password = (form.get(name, [""])[0] for name in ("owner", "password"))
        address = request.client.host if request.client else ""
        keys = (f"owner {owner[:128]}", f"address {address}")
        async with one_at_a_time:
            pause = throttle.wait(*keys)
            if pause:
                words = f"Too many wrong passwords. Try again in {math.ceil(pause)} s."
                return HTMLResponse(login_page(words, owner), 429, {"Retry-After": str(math.ceil(pause))})
            if not await asyncio.to_thread(users.check, owner, password):
                throttle.wrong(*keys)
                return HTMLResponse(login_page("This name and password do not go together.", owner), 403)
            throttle.right(*keys)
        # A fresh key: one that somebody else has put into the browser before is worth nothing.
        request.session.clear()
        request.session[KEY] = sessions.begin(owner)
        return RedirectResponse("/", 303)

    @app.post("/logout")
    async def go_out(request: Request) -> Response:
        key = request.session.get(KEY)
        sessions.end(key)
        await ended(key)
        request.session.clear()
        return RedirectResponse("/login", 303)
