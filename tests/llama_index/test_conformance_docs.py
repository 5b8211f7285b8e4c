"""Every Python example of the page runs as it stands, and the list of failures is the one that is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jarvis_plugins.llama_index.testing.suite import Suite
from tests.house.tree import ROOT, blocks
from tests.llama_index import test_conformance_core

PAGE = ROOT / "docs" / "llama_index_stores.md"
TEXT = PAGE.read_text(encoding="utf-8")
PYTHON = [body for language, body in blocks(TEXT) if language == "python"]


def test_every_class_has_an_example() -> None:
    for name in ("JarvisRetriever", "OpenCLIPEmbedding", "JarvisFaissVectorStore", "RememberConcepts"):
        assert any(f"{name}(" in body for body in PYTHON)


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_example(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})


def test_the_suite_runs_in_another_project(tmp_path: Path) -> None:
    (code,) = [body for body in PYTHON if "VectorStoreConformance" in body]
    (tmp_path / "test_mine.py").write_text(code, encoding="utf-8")
    paths = [str(ROOT / floor) for floor in (".", "agents", "memory", "retrievers", "pocket")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d{2} passed, \d+ skipped, 1 xfailed", done.stdout), done.stdout


def test_what_core_fails_is_listed() -> None:
    run = {
        (name.removeprefix("Test"), test, reason)
        for name, suite in vars(test_conformance_core).items()
        if name.startswith("Test") and issubclass(suite, Suite)
        for test, reason in suite.expected_failures.items()
    }
    listed = set(re.findall(r"^\| `(\w+)` \| `(test_[\w.\[\]]+)` \| (.+) \|$", TEXT, re.M))
    assert listed == run
    assert len({name for name, _, _ in run}) == 7


def test_every_flag_is_on_the_page() -> None:
    package = __import__("jarvis_plugins.llama_index.testing", fromlist=["*"])
    for name in package.__all__:
        (line,) = re.findall(rf"^\| `{name}` \|.*$", TEXT, re.M)
        flags = {
            flag
            for kind in getattr(package, name).__mro__
            for flag, value in vars(kind).items()
            if isinstance(value, (bool, frozenset)) and not flag.startswith("_")
        }
        assert flags
        assert {flag for flag in flags if f"`{flag}`" not in line} == set()
