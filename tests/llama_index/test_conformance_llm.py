"""`JarvisLLM` and `PersonalMemoryBlock` through our own suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms import LLM
from llama_index.core.memory import BaseMemoryBlock

from jarvis_memory import VLM, PersonalMemory
from jarvis_plugins.llama_index import JarvisLLM, PersonalMemoryBlock
from jarvis_plugins.llama_index.testing import LLMConformance, MemoryBlockConformance
from jarvis_pocket.exam import Exam
from jarvis_retrievers.sources import ImagePolicy
from tests.llama_index.chat import calls, scripted


class TestScripted(LLMConformance):
    """With every flag that there is."""

    has_usage = True
    refuses_empty = True
    takes_images = True
    takes_image_paths = True
    takes_data_urls = True
    refuses_bad_images = True
    calls_tools = True

    @pytest.fixture
    def llm(self, tmp_path: Path) -> LLM:
        _, node = scripted(*(["It is a dog."] * 20))
        return JarvisLLM(model=node, policy=ImagePolicy(root=tmp_path))

    @pytest.fixture
    def caller(self) -> LLM:
        return scripted(*([calls("Rome")] * 5))[0]


class TestPocket(LLMConformance):
    """Without tools, which its template does not know."""

    has_usage = True
    refuses_empty = True
    takes_images = True
    takes_data_urls = True
    refuses_bad_images = True

    @pytest.fixture
    def llm(self, vlm: VLM) -> LLM:
        return JarvisLLM(model=vlm)


class TestBlock(MemoryBlockConformance):
    """What is put in is kept only if the user says so, and then for all sessions."""

    gives_images = True
    truncates = True

    @pytest.fixture(autouse=True)
    def _question(self, exam: Exam) -> None:
        self.question = f"What does {exam.concepts[0].name} like?"

    @pytest.fixture
    def block(self, shared: PersonalMemory) -> BaseMemoryBlock[Any]:
        return PersonalMemoryBlock(memory=shared, share="crops")
