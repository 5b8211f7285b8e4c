"""An app that knows nothing of memory gains one by a few lines; what it could do before, it still does."""

from __future__ import annotations

import difflib
import importlib.util
import random
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.embeddings import BaseEmbedding
from pydantic import PrivateAttr

from jarvis_memory import PersonalMemory
from jarvis_memory.chat import ChatRequest, Message, ToolCall
from jarvis_memory.testing import ScriptedVLM
from jarvis_plugins.llama_index import JarvisLLM
from jarvis_pocket import scene, world
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.house.tree import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

FOLDER = ROOT / "examples" / "rag_llama_index"
BEFORE, AFTER = FOLDER / "app.py", FOLDER / "app_with_memory.py"


class Embedding(BaseEmbedding):
    """Pocket's text vectors."""

    _encoder: OpenCLIPEncoder = PrivateAttr()

    def __init__(self, encoder: OpenCLIPEncoder) -> None:
        super().__init__()
        self._encoder = encoder

    def _get_text_embedding(self, text: str) -> list[float]:
        return [float(value) for value in self._encoder.encode_texts([text])[0]]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def app(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answering(request: ChatRequest) -> Message | str:
    """Searches once, and then repeats all it was told."""
    if request.messages[-1].role == "user":
        call = ToolCall("", "search_papers", {"input": request.messages[-1].text})
        return Message("assistant", (), (call,))
    return "\n".join(message.text for message in request.messages)


def test_the_difference_is_at_most_five_lines() -> None:
    changed = [line for line in difflib.ndiff(lines(BEFORE), lines(AFTER)) if line[:2] in ("+ ", "- ")]
    written = [line for line in changed if line[2:].strip()]
    assert 0 < len(written) <= 5
    assert "jarvis" not in BEFORE.read_text(encoding="utf-8")


async def test_it_still_searches_and_knows_the_users_own_besides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: OpenCLIPEncoder
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    photo = scene.draw_photo(random.Random(1), world.draw_look(random.Random(2), "heldout")).image
    with PersonalMemory.open() as memory:
        memory.remember("Bo", photos=[photo], about="Bo was vaccinated in May.")
    said = []
    for path in (BEFORE, AFTER):
        agent, history = app(path).build(JarvisLLM(model=ScriptedVLM(answering)), Embedding(encoder))
        said.append(str(await agent.run("When was Bo at the vet?", memory=history)))
    assert all(any(paper in text for paper in app(BEFORE).PAPERS) for text in said)
    assert ["vaccinated in May" in text for text in said] == [False, True]
