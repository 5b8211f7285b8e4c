"""Our classes through our own suite, whole: every flag that there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from jarvis_memory import PersonalMemory
from jarvis_plugins.llama_index import JarvisFaissVectorStore, JarvisRetriever
from jarvis_plugins.llama_index.testing import RetrieverConformance, VectorStoreConformance
from jarvis_pocket.exam import Exam
from jarvis_retrievers.sources import ImagePolicy


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


def test_every_flag_is_set() -> None:
    for suite in (TestJarvisRetriever, TestJarvisFaissVectorStore):
        flags = {
            name for kind in suite.__mro__ for name, value in vars(kind).items() if isinstance(value, bool)
        }
        assert flags
        assert all(getattr(suite, flag) for flag in flags)
        assert not suite.expected_failures
