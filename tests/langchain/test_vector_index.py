"""`LangChainVectorIndex` on stores in memory, and on stores that do not do as they are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from langchain_core.vectorstores import InMemoryVectorStore

from jarvis_plugins.langchain import FaissVectorStore, LangChainVectorIndex, RowEmbeddings
from jarvis_retrievers.index import VectorIndex
from tests.retrievers import test_index

SECRET = bytes(range(32))
Make = Callable[[int], VectorIndex]


class TestInMemory(test_index.TestVectorIndexConformance):
    @pytest.fixture
    def make(self) -> Make:
        def made(dim: int) -> VectorIndex:
            rows = RowEmbeddings(dim, longest=64)
            return LangChainVectorIndex(InMemoryVectorStore(rows), rows, secret=SECRET)

        return made


class TestOurOwn(test_index.TestVectorIndexConformance):
    @pytest.fixture
    def make(self) -> Make:
        def made(dim: int) -> VectorIndex:
            rows = RowEmbeddings(dim, longest=64)
            return LangChainVectorIndex(FaissVectorStore(rows), rows, secret=SECRET)

        return made
