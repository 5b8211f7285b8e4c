"""Every Python example of the page runs as it stands, in a fresh namespace and a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.tree import ROOT, blocks

PAGE = ROOT / "docs" / "agents.md"
PYTHON = [body for language, body in blocks(PAGE.read_text(encoding="utf-8")) if language == "python"]


def test_every_way_to_lead_a_conversation_has_an_example() -> None:
    for name in ("Conversation", "Steps", "conversation_graph", "ConversationWorkflow"):
        assert any(f"{name}(" in body for body in PYTHON)


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_example(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})
