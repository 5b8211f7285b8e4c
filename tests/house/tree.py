"""The project's own files, and what stands in its pyproject.toml and README."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "jarvis_pocket": ROOT / "pocket",
    "jarvis_retrievers": ROOT / "retrievers",
    "jarvis_memory": ROOT / "memory",
    "jarvis_agents": ROOT / "agents",
    "jarvis_plugins": ROOT,
    "jarvis_bench": ROOT / "benchmarks" / "jarvis_bench",
}


@cache
def files() -> tuple[Path, ...]:
    """All files that git has, or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = tuple(sorted(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()))
    assert ROOT / "pyproject.toml" in found
    return found


def python_files() -> tuple[Path, ...]:
    """All Python files of the project."""
    return tuple(path for path in files() if path.suffix == ".py")


def documents() -> tuple[Path, ...]:
    """README and all other Markdown pages."""
    return tuple(path for path in files() if path.suffix == ".md")


def modules() -> tuple[str, ...]:
    """The dotted names of all modules of the packages."""
    names = []
    for package, root in PACKAGES.items():
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return tuple(names)


def packages() -> tuple[str, ...]:
    """Those of `modules` that are packages."""
    return tuple(
        name
        for name in modules()
        if (PACKAGES[name.partition(".")[0]] / Path(*name.split(".")) / "__init__.py").is_file()
    )


def project() -> dict[str, Any]:
    """The ``[project]`` table."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and body of each fenced block of a Markdown text, in order."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)


def make_targets() -> frozenset[str]:
    """Targets that a person calls."""
    return frozenset(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
