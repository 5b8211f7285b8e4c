"""Every Python example of the page runs as it stands, in a fresh namespace and a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.tree import ROOT, blocks

PAGE = ROOT / "docs" / "llama_index.md"
PYTHON = [body for language, body in blocks(PAGE.read_text(encoding="utf-8")) if language == "python"]


def test_every_class_has_an_example() -> None:
    classes = ("JarvisLLM", "PersonalMemoryBlock", "PersonalQueryEngine", "PersonalNodePostprocessor")
    for name in (*classes, "JarvisToolSpec"):
        assert any(f"{name}(" in body for body in PYTHON)
    for name in ("ConceptRetrievalEvent", "SegmentLoadEvent", "SegmentReuseEvent"):
        assert any(name in body for body in PYTHON)


# What LlamaIndex's agents and contexts warn of, in whatever program.
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.filterwarnings("ignore::workflows.context.state_store.UnserializableKeyWarning")
@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_example(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})
