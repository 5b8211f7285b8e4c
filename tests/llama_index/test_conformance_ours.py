"""Our classes through our own suite, whole: every flag that there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms import LLM
from llama_index.core.memory import BaseMemoryBlock
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from jarvis_memory import PersonalMemory
from jarvis_plugins.llama_index import JarvisFaissVectorStore, JarvisRetriever
from jarvis_plugins.llama_index.testing import (
    LLMConformance,
    MemoryBlockConformance,
    RetrieverConformance,
    VectorStoreConformance,
)
from jarvis_pocket.exam import Exam
from jarvis_retrievers.sources import ImagePolicy
from tests.llama_index.pictures import png
from tests.llama_index.reference import Album, Echo


class TestJarvisRetriever(RetrieverConformance):
    may_find_nobody = True
    takes_images = True
    gives_images = True

    @pytest.fixture(autouse=True)
    def _query(self, exam: Exam) -> None:
        self.query = f"What do {' and '.join(concept.name for concept in exam.concepts)} like?"

    @pytest.fixture
    def retriever(self, shared: PersonalMemory, tmp_path: Path) -> BaseRetriever:
        return JarvisRetriever(shared, policy=ImagePolicy(root=tmp_path))

    @pytest.fixture
    def image(self, exam: Exam, tmp_path: Path) -> str:
        exam.photos[0][0].save(tmp_path / "today.png")
        return str(tmp_path / "today.png")


class TestJarvisFaissVectorStore(VectorStoreConformance):
    @pytest.fixture
    def store(self) -> BasePydanticVectorStore:
        return JarvisFaissVectorStore()


class TestEcho(LLMConformance):
    """A reference that passes all of it: a test that nothing can pass would say nothing."""

    has_usage = True
    refuses_empty = True
    takes_images = True
    takes_image_paths = True
    takes_data_urls = True
    refuses_bad_images = True
    calls_tools = True

    @pytest.fixture
    def llm(self) -> LLM:
        return Echo()


class TestAlbum(MemoryBlockConformance):
    """The same for memory blocks."""

    keeps_messages = True
    keeps_sessions = True
    gives_images = True
    truncates = True

    @pytest.fixture
    def block(self) -> BaseMemoryBlock[Any]:
        return Album(picture=png("red"))


def test_every_flag_is_set() -> None:
    for suite in (TestJarvisRetriever, TestJarvisFaissVectorStore, TestEcho, TestAlbum):
        flags = {
            name for kind in suite.__mro__ for name, value in vars(kind).items() if isinstance(value, bool)
        }
        assert flags
        assert all(getattr(suite, flag) for flag in flags)
        assert not suite.expected_failures
