"""Pages point to what exists, and every place that names the version names the same one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from jarvis_memory.kv import FORMAT_VERSION as SEGMENT_VERSION
from jarvis_memory.store.schema import FORMAT_VERSION
from tests.house.tree import PACKAGES, ROOT, documents, files, project

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE_PATH = re.compile(
    r"`((?:jarvis_plugins|agents|memory|retrievers|pocket|examples|tests|benchmarks|docs)/[\w./-]*)`"
)
MODULE = re.compile(r"`(jarvis_(?:pocket|retrievers|memory|agents|plugins|bench)(?:\.\w+)+)`")


def anchors(text: str) -> set[str]:
    """The anchors that headings of a Markdown page make."""
    heads = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in LINK.findall(text):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name} points to {target}"
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), f"{page.name} points to {target}"


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_and_modules_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in CODE_PATH.findall(text):
        assert (ROOT / name).exists(), f"{page.name} names {name}"
    for name in MODULE.findall(text):
        top, *rest = name.split(".")
        path = PACKAGES[top] / top
        # The last word may be a name inside the module.
        candidates = [path.joinpath(*rest), path.joinpath(*rest).with_suffix(".py")]
        inside = path.joinpath(*rest[:-1])
        source = inside.with_suffix(".py") if inside.with_suffix(".py").is_file() else inside / "__init__.py"
        named = source.is_file() and re.search(rf"\b{rest[-1]}\b", source.read_text(encoding="utf-8"))
        assert any(candidate.exists() for candidate in candidates) or named, f"{page.name} names {name}"


def test_the_pages_are_there() -> None:
    names = {str(path.relative_to(ROOT)) for path in files()}
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"} <= names
    assert {"docs/architecture.md", "docs/training.md", "docs/format.md"} <= names


def test_one_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.M)
    assert newest is not None
    assert newest.group(1) == project()["version"] == metadata.version("jarvis-plugins")
    command = Path(sys.executable).parent / "jarvis"
    said = subprocess.run(
        [command, "--version"], capture_output=True, text=True, check=True, env=os.environ | {"NO_COLOR": "1"}
    )
    assert said.stdout.split()[-1] == newest.group(1)


def test_the_page_of_the_format_names_its_numbers() -> None:
    text = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
    assert f"This page describes format **{FORMAT_VERSION}**" in text
    assert f"`user_version` = {FORMAT_VERSION}," in text
    assert f"`format` = {FORMAT_VERSION};" in text
    assert f"file of version **{SEGMENT_VERSION}**" in text
    assert f"| `version` | {SEGMENT_VERSION};" in text
