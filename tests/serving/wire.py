"""The socket of a tab, spoken by hand (Engine.IO 4 in one WebSocket, Socket.IO 5 within)."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATH = "/_nicegui_ws/socket.io/"


@dataclass
class Wire:
    """An open socket; ``heard`` is what the server has sent, in order."""

    socket: ClientConnection
    heard: list[str] = field(default_factory=list)

    def emit(self, event: str, data: object) -> None:
        self.socket.send(f"42{json.dumps([event, data])}")

    def call(self, event: str, data: object) -> Any:
        """Emit, and what the server answers."""
        self.socket.send(f"427{json.dumps([event, data])}")
        return json.loads(self.until("437").removeprefix("437"))

    def until(self, begin: str) -> str:
        """The next message that begins so; TimeoutError after a minute, as pings go on for ever."""
        end = time.monotonic() + 60
        while True:
            message = self._next(end - time.monotonic())
            if message.startswith(begin):
                return message

    def hear(self, words: str) -> None:
        """Wait until the server has said words; TimeoutError after a minute."""
        end = time.monotonic() + 60
        while words not in "\n".join(self.heard):
            self._next(end - time.monotonic())

    def whole(self) -> str:
        """All that comes until the server has ended the Socket.IO session, or the connection."""
        with suppress(ConnectionClosed):
            self.until("41")
        return "\n".join(self.heard)

    def barrier(self) -> str:
        """All that was heard until the server has answered what was sent before."""
        self.call("handshake", {"client_id": "nobody", "tab_id": "", "document_id": ""})
        return "\n".join(self.heard)

    def _next(self, seconds: float) -> str:
        message = str(self.socket.recv(timeout=max(0.0, seconds)))
        if message == "2":
            self.socket.send("3")
        self.heard.append(message)
        return message


@contextmanager
def wired(site: str, cookie: str, path: str = PATH) -> Iterator[Wire]:
    """A socket that is connected, before any handshake of NiceGUI."""
    address = f"{site.replace('http', 'ws', 1)}{path}?EIO=4&transport=websocket"
    with connect(address, additional_headers={"Cookie": cookie}, proxy=None) as socket:
        wire = Wire(socket)
        wire.until("0")
        wire.socket.send("40")
        wire.until("40")
        yield wire


@dataclass(frozen=True)
class Opened:
    """A page that was loaded: its id for NiceGUI, its elements, the id of its desk."""

    client: str
    elements: dict[str, Any]
    desk: str

    @classmethod
    def read(cls, text: str) -> Opened:
        found = re.search(r"parseElements\(String\.raw`(.*?)`\)", text, re.DOTALL)
        client = re.search(r"client_id': '([0-9a-f-]{36})'", text)
        assert found is not None
        assert client is not None
        elements = json.loads(html.unescape(found[1]))
        for one in elements.values():
            one.setdefault("props", {})
        (desk,) = (one["props"]["data-desk"] for one in elements.values() if "data-desk" in one["props"])
        return cls(client[1], elements, desk)

    def handshake(self, tab: str) -> dict[str, object]:
        return {"client_id": self.client, "tab_id": tab, "document_id": tab, "next_message_id": 0}

    def event(self, argument: object, *, text: str = "", id: str = "") -> dict[str, object]:
        """What a browser sends when something happens to the element of this text, or id."""
        key, one = next(
            (key, one)
            for key, one in self.elements.items()
            if (text and one.get("text") == text) or (id and one["props"].get("id") == id)
        )
        listener = one["events"][0]["listener_id"]
        return {
            "client_id": self.client,
            "id": int(key),
            "listener_id": listener,
            "args": [json.dumps(argument)],
        }


@contextmanager
def signed_in(site: str, owner: str, password: str) -> Iterator[httpx.Client]:
    """A client with the cookie of an owner."""
    with httpx.Client(base_url=site, timeout=60, trust_env=False) as client:
        assert client.post("/login", data={"owner": owner, "password": password}).status_code == 303
        yield client


def cookie(client: httpx.Client) -> str:
    return f"jarvis={client.cookies['jarvis']}"
