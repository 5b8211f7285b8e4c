"""The fuzzer finds what is planted, says how to do it again, and is at peace with what is sound."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fuzz import fuzz
from benchmarks.fuzzing.targets import TARGETS
from tests.house.tree import ROOT

MODULE = "tests.fuzz.planted"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.fuzz", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_planted_fault_is_found_and_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("atheris", reason="atheris is for Linux and Python before 3.14")
    monkeypatch.chdir(ROOT)
    found = fuzz("faulty", 20, tmp_path / "found", module=MODULE)
    assert len(found.found) == 1
    assert Path(found.found[0]).read_bytes()[:3] == b"Bo!"
    assert "fell into the pit" in found.error
    (line,) = found.lines
    words = shlex.split(line.removeprefix("[again: ").removesuffix("]"))
    assert words[:3] == ["python", "-m", "benchmarks.fuzz"]
    again = run(*words[3:])
    assert again.returncode != 0
    assert "fell into the pit" in again.stderr


def test_what_is_sound_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("atheris", reason="atheris is for Linux and Python before 3.14")
    monkeypatch.chdir(ROOT)
    found = fuzz("sound", 1, tmp_path, module=MODULE)
    assert (found.found, found.error) == ((), "")
    assert found.runs > 100
    (tmp_path / "one").write_bytes(b"B")
    done = run("--target", "sound", "--module", MODULE, "--again", str(tmp_path / "one"))
    assert "breaks nothing" in done.stdout


def test_another_name_is_told(tmp_path: Path) -> None:
    done = run("--target", "nothing")
    assert done.returncode == 2
    assert all(name in " ".join(done.stderr.split()) for name in list(TARGETS)[:3])
