"""A real server on a free port, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from jarvis_plugins.serving.users import add_user
from tests.house.tree import ROOT

PASSWORDS = {"ana": "plums and noodles", "bo": "a red mug with a star"}


def serving(temporary: Path, *options: str) -> Iterator[str]:
    """The address of a server that runs until the generator goes on, and leaves nothing in ``temporary``."""
    command = [sys.executable, "-m", "jarvis_plugins.cli.app", "serve", "--no-open", "--port", "0", *options]
    # NiceGUI behaves otherwise where it believes that it is under pytest itself.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    paths = [str(ROOT), *(str(ROOT / name) for name in ("agents", "memory", "retrievers", "pocket"))]
    environment |= {"PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1", "TMPDIR": str(temporary)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        assert server.stdout is not None
        said = ""
        for line in server.stdout:
            said += line
            if match := re.search(r"at (http://\S+)", line):
                break
        else:
            raise AssertionError(f"the server has not begun: {said}")
        yield match[1]
        server.terminate()
        rest = server.stdout.read()
        assert "Traceback" not in rest, rest
    assert server.returncode == 0
    assert list(temporary.glob("jarvis-serve-*")) == []


def shared(folder: Path) -> tuple[str, ...]:
    """Options of a page of ana and bo behind a login, in a home that is empty at first."""
    for owner, password in PASSWORDS.items():
        add_user(folder / "users", owner, password)
    return ("--home", str(folder / "home"), "--users", str(folder / "users"))
