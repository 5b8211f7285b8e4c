"""`LlamaVectorIndex` on a store in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from llama_index.core.vector_stores import SimpleVectorStore

from jarvis_plugins.llama_index import LlamaVectorIndex
from jarvis_retrievers.index import VectorIndex
from tests.retrievers import test_index

SECRET = bytes(range(32))
Make = Callable[[int], VectorIndex]


class TestSimple(test_index.TestVectorIndexConformance):
    @pytest.fixture
    def make(self) -> Make:
        return lambda dim: LlamaVectorIndex(SimpleVectorStore(), dim, longest=64, secret=SECRET)
