"""A real Redis or Valkey server, for the tests alone: on a free loopback port, killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

NAMED = "JARVIS_REDIS_SERVER"
"""The variable that names a program to run in place of ``redis-server`` or ``valkey-server``."""

PASSWORD = "only-for-tests"


def program() -> str | None:
    """Where the server is, or None."""
    return os.environ.get(NAMED) or shutil.which("redis-server") or shutil.which("valkey-server")


class RedisServer:
    """A server without persistence. Its user ``jarvis`` may do no more than a tier needs."""

    def __init__(self, program: str, folder: Path, tls: tuple[Path, Path] | None = None) -> None:
        self._program, self._folder, self.port = program, folder, _free_port()
        self._acl = folder / "users.acl"
        self._acl.write_text(
            "user default off\n"
            f"user admin on >{PASSWORD} ~* &* +@all\n"
            f"user jarvis on >{PASSWORD} ~jarvis:* &* -@all +@hash +@set +@connection +multi "
            "+exec +expire +unlink\n"
            f"user weak on >{PASSWORD} ~jarvis:* &* -@all +@connection +hget\n"
        )
        self._listen = ["--port", str(self.port)]
        if tls is not None:
            certificate, key = map(str, tls)
            self._listen = ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"]
            self._listen += ["--tls-cert-file", certificate, "--tls-key-file", key]
            self._listen += ["--tls-ca-cert-file", certificate]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._program, *self._listen, "--bind", "127.0.0.1"),
                    *("--dir", str(self._folder)),
                    *("--save", "", "--appendonly", "no", "--daemonize", "no", "--aclfile", str(self._acl)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Redis did not start:\n{(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL: nothing of it says goodbye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def url(self, user: str = "jarvis", password: str = PASSWORD, port: int = 0) -> str:
        return f"redis://{user}:{password}@127.0.0.1:{port or self.port}/0"


class SlowProxy:
    """Stands between a client and a server, and lets nothing through while it is ``stuck``."""

    def __init__(self, port: int) -> None:
        self._target, self.stuck = port, threading.Event()
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self.connections += 1
            self._open += [near, far]
            for one, two in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(one, two), daemon=True).start()

    def _copy(self, one: socket.socket, two: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                while self.stuck.is_set():
                    time.sleep(0.01)
                two.sendall(data)
        for end in (one, two):
            with contextlib.suppress(OSError):
                end.close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
