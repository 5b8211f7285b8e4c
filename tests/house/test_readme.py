"""README's examples run as they stand."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT, blocks, make_targets

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = blocks(README)
PYTHON = [
    (body, BLOCKS[i + 1][1] if i + 1 < len(BLOCKS) and BLOCKS[i + 1][0] == "text" else None)
    for i, (language, body) in enumerate(BLOCKS)
    if language == "python"
]
SHELL = [
    line.removeprefix("$ ")
    for language, body in BLOCKS
    if language in ("console", "bash")
    for line in body.splitlines()
    if line.startswith("$ ")
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like a clone to a reader, and is a home of its own."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


def call(command: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    scripts = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    environment = os.environ | {"HOME": str(place), "HF_HUB_OFFLINE": "1", "PATH": scripts}
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


def test_there_are_examples() -> None:
    assert PYTHON
    assert PYTHON[0][1], "the first Python example has no output"
    assert {"make demo", "make test"} <= set(SHELL)
    assert any(line.startswith("jarvis ") for line in SHELL)


def test_first_screen_has_the_two_commands() -> None:
    first = "\n".join(README.splitlines()[:30])
    assert "$ make demo" in first
    assert "$ make test" in first


@pytest.mark.parametrize(("code", "output"), PYTHON)
def test_python(code: str, output: str | None, place: Path) -> None:
    done = call([sys.executable, "-c", code], place)
    assert done.returncode == 0, done.stderr
    if output is not None:
        assert done.stdout.strip() == output.strip()


def test_shell(place: Path) -> None:
    for line in SHELL:
        words = [word for word in shlex.split(line, comments=True) if word != "&&"]
        if words[0] == "make":
            assert {word for word in words if word != "make"} <= make_targets(), line
            continue
        assert words[0] in ("jarvis", "python"), f"{line!r} would not be run"
        done = call(words, place)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def test_ci_runs_what_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().splitlines()
    assert script[0].startswith("#!")
    assert "set -euo pipefail" in script
    assert script[-1] in SHELL
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = set(re.findall(r"^  make (\w+)", done.stdout, re.M))
    assert shown == make_targets() == {"help", "demo", "test", "check", "bench", "fuzz", "audit", "clean"}
