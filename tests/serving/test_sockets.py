"""A socket speaks for its owner's tabs only, and only while the owner is signed in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import socketio
import uvicorn
from starlette.types import Receive, Scope, Send

from jarvis_plugins.serving.guard import KEY
from jarvis_plugins.serving.sessions import Sessions
from jarvis_plugins.serving.sockets import Sockets
from tests.serving.running import PASSWORDS, serving, shared
from tests.serving.wire import Opened, cookie, signed_in, wired


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serving(tmp_path_factory.mktemp("temporary"), *shared(tmp_path_factory.mktemp("sockets")))


def test_a_socket_speaks_for_its_owner_only(site: str) -> None:
    with signed_in(site, "ana", PASSWORDS["ana"]) as ana, signed_in(site, "bo", PASSWORDS["bo"]) as bo:
        page, other = Opened.read(ana.get("/").text), Opened.read(bo.get("/").text)
        with wired(site, cookie(ana)) as hers, wired(site, cookie(bo)) as his:
            assert his.call("handshake", page.handshake("bo")) == [False]
            assert hers.call("handshake", page.handshake("ana")) == [True]
            assert his.call("handshake", other.handshake("bo")) == [True]
            his.emit("event", page.event("a word of bo", id="words"))
            his.emit("javascript_response", {"client_id": page.client, "request_id": "x", "result": 1})
            odd: tuple[object, ...] = (None, [], {"client_id": []}, {"id": 4})
            for message in odd:
                his.emit("event", message)
            his.barrier()
            hers.emit("event", page.event("a word of ana", id="words"))
            hers.hear("a word of ana")
            hers.barrier()
            assert "a word of bo" not in "".join(hers.heard)


def test_a_socket_ends_with_its_session(site: str) -> None:
    with signed_in(site, "ana", PASSWORDS["ana"]) as ana, signed_in(site, "ana", PASSWORDS["ana"]) as again:
        page, there = Opened.read(ana.get("/").text), Opened.read(again.get("/").text)
        held = cookie(ana)
        with wired(site, held) as hers, wired(site, cookie(again)) as elsewhere:
            assert hers.call("handshake", page.handshake("first")) == [True]
            assert elsewhere.call("handshake", there.handshake("second")) == [True]
            assert ana.post("/logout").status_code == 303
            # A browser would follow this to the door before its socket is closed.
            hers.emit("event", page.event({"name": "Intruder", "notes": "No."}, text="Remember"))
            assert '42["open",{"path":"/login"' in hers.whole()
            elsewhere.emit("event", there.event("still here", id="words"))
            elsewhere.until('42["update"')
        assert "Intruder" not in again.get("/").text


async def test_a_socket_ends_when_its_key_runs_out() -> None:
    sessions, server = Sessions(idle=1.0), socketio.AsyncServer(async_mode="asgi")
    key = sessions.begin("ana")
    ended = asyncio.Event()
    server.on("connect", lambda sid, environ, auth: None)
    server.on("disconnect", lambda sid: ended.set())
    server.on("handshake", lambda sid, message: True)
    server.on("event", lambda sid, message: True)
    sockets = Sockets(sessions, None)
    sockets.bind("tab", "ana")
    sockets.guard(server)
    inner = socketio.ASGIApp(server)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["session"] = {KEY: key}
        await inner(scope, receive, send)

    running = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="critical"))
    serving = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]

    def visit() -> str:
        with wired(f"http://127.0.0.1:{port}", "", "/socket.io/") as wire:
            assert wire.call("event", {"client_id": "tab"}) == [True]
            assert wire.call("event", {"client_id": "other"}) == [False]
            return wire.whole()

    # The visitor does nothing more: it is the server that ends it.
    assert '42["open",{"path":"/login"' in await asyncio.to_thread(visit)
    await asyncio.wait_for(ended.wait(), 60)
    assert sessions.left(key) == 0
    running.should_exit = True
    await serving
