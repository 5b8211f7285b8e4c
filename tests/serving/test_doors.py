"""Guessing, and who is believed to have guessed."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from jarvis_plugins.serving import Service, Throttle, Users
from jarvis_plugins.serving.doors import add_doors
from jarvis_plugins.serving.server import uvicorn_config
from jarvis_plugins.serving.sessions import Sessions
from jarvis_plugins.serving.users import add_user


async def nothing(key: object) -> None:
    del key


async def test_guesses_at_once_are_looked_at_one_after_another(tmp_path: Path) -> None:
    add_user(tmp_path / "users", "ana", "plums and noodles")
    app = FastAPI()
    # The clock stands still: the pause after the fourth wrong guess is never over.
    add_doors(app, Users.read(tmp_path / "users"), Sessions(), Throttle(lambda: 0.0), nothing)
    transport = httpx.ASGITransport(SessionMiddleware(app, secret_key="secret"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        guesses = [
            client.post("/login", data={"owner": "ana", "password": f"guess {number}"})
            for number in range(12)
        ]
        answers = await asyncio.gather(*guesses)
        assert Counter(answer.status_code for answer in answers) == {403: 4, 429: 8}
        right = await client.post("/login", data={"owner": "ana", "password": "plums and noodles"})
        assert right.status_code == 429


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    address = request.client.host if request.client else ""
    await PlainTextResponse(f"{scope['scheme']} {address}")(scope, receive, send)


@pytest.mark.parametrize("sender", ["127.0.0.1", "192.0.2.7"])
async def test_nobody_says_where_a_request_comes_from(sender: str) -> None:
    config = uvicorn_config(who, Service())
    config.load()
    transport = httpx.ASGITransport(config.loaded_app, client=(sender, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        told = await client.get("/", headers={"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https"})
    assert told.text == f"http {sender}"


@pytest.mark.parametrize(
    ("sender", "told"), [("127.0.0.1", "https 10.0.0.1"), ("192.0.2.7", "http 192.0.2.7")]
)
async def test_a_proxy_that_is_named_says_it(sender: str, told: str) -> None:
    config = uvicorn_config(who, Service(proxy="127.0.0.1"))
    config.load()
    transport = httpx.ASGITransport(config.loaded_app, client=(sender, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        # What a visitor wrote stands before what the proxy has added, and is not believed.
        sent = {"X-Forwarded-For": "10.9.9.9, 10.0.0.1", "X-Forwarded-Proto": "https"}
        assert (await client.get("/", headers=sent)).text == told
