"""A small HTTP proxy between a client and a server, which fails as it is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["error", "cut", "cut answer", "half answer", "garbage", "delay"]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    head: str
    body: bytes


@dataclass(frozen=True)
class Fault:
    """What happens to a request.

    error: it is answered with ``status`` and ``code`` and never reaches the server. cut: the connection is
    closed before it does. cut answer: the server has done it, and its answer is lost. half answer: half of it
    is. garbage: something else comes. delay: all is well, ``seconds`` later.
    """

    kind: Kind
    status: int = 503
    code: str = "SlowDown"
    seconds: float = 0.0


Rule = Callable[[Request], Fault | None]


class Proxy:
    """Forwards each request on a connection of its own, unless `rule` says what goes wrong."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self.rule: Rule | None = None
        self.seen: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with client:
            try:
                request = _read(client)
                if request is not None:
                    self.seen.append(request)
                    self._answer(client, request)
            except OSError:
                return

    def _answer(self, client: socket.socket, request: Request) -> None:
        fault = self.rule(request) if self.rule is not None else None
        if fault is not None and fault.kind == "cut":
            return
        if fault is not None and fault.kind == "error":
            body = f"<?xml version='1.0'?><Error><Code>{fault.code}</Code><Message>as told</Message></Error>"
            shown = "" if request.method == "HEAD" else body
            client.sendall(
                f"HTTP/1.1 {fault.status} Told\r\nContent-Type: application/xml\r\n"
                f"Content-Length: {len(shown)}\r\nConnection: close\r\n\r\n{shown}".encode()
            )
            return
        if fault is not None and fault.kind == "delay":
            time.sleep(fault.seconds)
        answer = self._forwarded(request)
        if fault is not None and fault.kind == "garbage":
            client.sendall(b"this is no HTTP\r\n\r\n")
            return
        if fault is not None and fault.kind == "cut answer":
            return
        if fault is not None and fault.kind == "half answer":
            answer = answer[: len(answer) // 2]
        client.sendall(answer)

    def _forwarded(self, request: Request) -> bytes:
        lines = [
            line
            for line in request.head.split("\r\n")
            if line.partition(":")[0].lower() not in ("connection", "expect")
        ]
        head = "\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self._upstream), timeout=60) as server:
            server.sendall(head.encode("latin-1") + request.body)
            parts = list[bytes]()
            while part := server.recv(1 << 16):
                parts.append(part)
        return b"".join(parts)


def _read(client: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(1 << 16)
        if not part:
            return None
        data += part
    start, _, body = data.partition(b"\r\n\r\n")
    head = start.decode("latin-1")
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
    }
    if fields.get("expect", "").lower() == "100-continue":
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    length = int(fields.get("content-length", "0"))
    parts, got = [body], len(body)
    while got < length:
        part = client.recv(1 << 16)
        if not part:
            return None
        parts.append(part)
        got += len(part)
    method, path, _ = head.split("\r\n")[0].split(" ", 2)
    return Request(method, path, head, b"".join(parts))
