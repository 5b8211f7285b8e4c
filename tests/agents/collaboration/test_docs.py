"""The Python example of the page runs as it stands; the page names every word of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from jarvis_agents.collaboration.look import Kind
from jarvis_agents.collaboration.sharing import Share
from tests.house.tree import ROOT, blocks

PAGE = ROOT / "docs" / "collaboration.md"
TEXT = PAGE.read_text(encoding="utf-8")
PYTHON = [body for language, body in blocks(TEXT) if language == "python"]


def test_looks_and_shares_are_explained() -> None:
    for kind in get_args(Kind):
        assert kind == "asked" or f"| `{kind}` |" in TEXT
    for share in get_args(Share):
        assert f'| `"{share}"`' in TEXT


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_example(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})
