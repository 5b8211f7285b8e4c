"""A server that speaks S3 (moto), for the tests alone, as a process on a free loopback port."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any

NAMED = "JARVIS_MOTO_SERVER"
"""The variable that names another ``moto_server`` than that of this environment."""

KEYS = {"AWS_ACCESS_KEY_ID": "AKIATESTS", "AWS_SECRET_ACCESS_KEY": "only for tests"}


def command() -> list[str] | None:
    """How the server is started, or None if it is not installed."""
    named = os.environ.get(NAMED)
    if named:
        return [named]
    there = importlib.util.find_spec("moto") is not None and importlib.util.find_spec("flask") is not None
    return [sys.executable, "-m", "moto.server"] if there else None


class S3Server:
    """All it has is in its memory."""

    def __init__(self, folder: Path) -> None:
        found = command()
        if found is None:
            raise RuntimeError("moto is not installed")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "moto.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*found, "-H", "127.0.0.1", "-p", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                start_new_session=True,
                env={**os.environ, **KEYS, "PYTHONWARNINGS": "ignore"},
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"moto did not start:\n{self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def pause(self) -> None:
        """It is there and says nothing."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.killpg(self._process.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/moto-api/", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@cache
def client(url: str) -> Any:
    """What a superuser sees: botocore's own client."""
    import botocore.session

    return botocore.session.get_session().create_client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
