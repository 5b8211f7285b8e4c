"""``jarvis api`` in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import httpx

from tests.api.conftest import PATH, Place, bearer, text_of
from tests.house.tree import ROOT


def test_it_answers_until_it_is_told_to_end(place: Place) -> None:
    home = ["--home", str(place.file.parent / "home")]
    command = [sys.executable, "-m", "jarvis_plugins.cli.app", *home, "api", "--port", "0"]
    paths = [str(ROOT), *(str(ROOT / name) for name in ("agents", "memory", "retrievers", "pocket"))]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(
        [*command, "--tokens", str(place.file)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        assert server.stdout is not None
        said = ""
        for line in server.stdout:
            said += line
            if match := re.search(r"at (http://\S+)/v1", line):
                break
        else:
            raise AssertionError(said)
        question = {"role": "user", "content": f"What does {place.name} like?"}
        body = {"model": "pocket", "messages": [question]}
        answer = httpx.post(f"{match[1]}{PATH}", json=body, headers=bearer(place, "ben"), timeout=60)
        assert "carrots" in text_of(answer)
        server.terminate()
        rest = server.stdout.read()
        assert "Traceback" not in rest, rest
    assert server.returncode == 0
