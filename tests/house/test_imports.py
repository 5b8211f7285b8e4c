"""Importing a package is cheap: no model library is loaded before a name is used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house.tree import PACKAGES, packages

HEAVY = (
    "torch",
    "torchvision",
    "faiss",
    "transformers",
    "open_clip",
    "timm",
    "langchain",
    "langchain_core",
    "llama_index",
)


def loaded(code: str) -> list[str]:
    """The heavy modules that a fresh process has loaded after ``code``."""
    report = (
        f"import json, sys\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\n{report}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    heavy: list[str] = json.loads(done.stderr.splitlines()[-1])
    return heavy


@pytest.mark.parametrize("package", packages())
def test_package_loads_nothing_heavy(package: str) -> None:
    assert loaded(f"import {package}") == []


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["ask", "--help"], ["bench", "run", "--help"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from jarvis_plugins.cli.app import main\n"
        f"sys.argv = {['jarvis', *arguments]!r}\n"
        "try:\n"
        "    code = main()\n"
        "except SystemExit as error:\n"
        "    code = error.code\n"
        "assert not code, code"
    )
    assert loaded(code) == []


def test_a_heavy_module_is_noticed() -> None:
    assert loaded("import sys, types\nsys.modules['faiss'] = types.ModuleType('faiss')") == ["faiss"]


def test_every_floor_is_looked_at() -> None:
    assert {*PACKAGES, "jarvis_memory.kv", "jarvis_memory.vlm", "jarvis_memory.store"} <= set(packages())
