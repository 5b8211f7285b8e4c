"""Rules of the house that no other tool keeps."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, python_files

LIMIT = 300
NOT_TEXT = {".png", ".safetensors", ".jpg", ".pdf", ".whl"}
MACHINE_PATH = re.compile(r"(?<![\w.~$<>/-])/(?:root|work|home/\w+|Users/\w+|mnt/\w+)/|[A-Z]:\\Users\\")
HOSTS = re.compile(
    r"pypi\.org|pythonhosted|download\.pytorch|artifactory|index-url|\b\d{1,3}(?:\.\d{1,3}){3}:\d"
)


def texts() -> Iterator[tuple[Path, str]]:
    """All text files but this one, which holds what it forbids."""
    for path in files():
        if path.suffix not in NOT_TEXT and path != Path(__file__).resolve():
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def test_floors() -> None:
    command = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout)


def test_no_long_file() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in python_files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LIMIT
    }
    assert not long


@pytest.mark.parametrize(
    "text",
    ["see |root|.cache", '"|home|ana|x"', "cd |work|main", r"C:\Users\ana", "at 10.0.0.7:8080", "pypi~org"],
)
def test_a_machine_is_noticed(text: str) -> None:
    written = text.replace("|", "/").replace("~", ".")  # so that this file holds none itself
    assert MACHINE_PATH.search(written) or HOSTS.search(written)


@pytest.mark.parametrize(
    "text", ["<home>/blobs/ab", "~/.jarvis", "a/work/b", "1.2.3.4", "https://www.apache.org"]
)
def test_other_paths_are_fine(text: str) -> None:
    assert not MACHINE_PATH.search(text)
    assert not HOSTS.search(text)


@pytest.mark.parametrize("pattern", [MACHINE_PATH, HOSTS], ids=["path", "host"])
def test_no_trace_of_a_machine(pattern: re.Pattern[str]) -> None:
    found = {str(path): hit.group() for path, text in texts() if (hit := pattern.search(text))}
    assert not found
