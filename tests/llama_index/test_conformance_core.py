"""Classes of llama-index-core through the suite: what they fail is listed here and in the docs."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core import MockEmbedding, SummaryIndex, VectorStoreIndex
from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.llms import LLM, MockLLM
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import BaseMemoryBlock, StaticMemoryBlock, VectorMemoryBlock
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from jarvis_plugins.llama_index import JarvisFaissVectorStore, OpenCLIPEmbedding
from jarvis_plugins.llama_index.testing import (
    LLMConformance,
    MemoryBlockConformance,
    RetrieverConformance,
    VectorStoreConformance,
)
from jarvis_retrievers.reference import ColourEncoder
from tests.llama_index.pictures import png

TEXTS = ("Bo likes noodles.", "The mug is blue.", "Tom sleeps.")


class TestSimpleVectorStore(VectorStoreConformance):
    @pytest.fixture
    def store(self) -> BasePydanticVectorStore:
        return SimpleVectorStore()


class TestMockLLM(LLMConformance):
    takes_images = True

    @pytest.fixture
    def llm(self) -> LLM:
        return MockLLM()


class TestMockFunctionCallingLLM(LLMConformance):
    takes_images = True
    calls_tools = True

    @pytest.fixture
    def llm(self) -> LLM:
        return MockFunctionCallingLLM()


class TestVectorMemoryBlock(MemoryBlockConformance):
    has_content = False
    keeps_messages = True
    keeps_sessions = True

    @pytest.fixture
    def block(self) -> BaseMemoryBlock[Any]:
        return VectorMemoryBlock(
            vector_store=JarvisFaissVectorStore(), embed_model=MockEmbedding(embed_dim=4)
        )


class TestStaticMemoryBlock(MemoryBlockConformance):
    gives_images = True
    does_not_block = False

    @pytest.fixture
    def block(self) -> BaseMemoryBlock[Any]:
        return StaticMemoryBlock(
            static_content=[TextBlock(text="Bo likes noodles."), ImageBlock(image=png("red"))]
        )


class TestVectorIndexRetriever(RetrieverConformance):
    @pytest.fixture
    def retriever(self) -> BaseRetriever:
        index = VectorStoreIndex(
            [TextNode(text=text) for text in TEXTS], embed_model=OpenCLIPEmbedding(ColourEncoder())
        )
        return index.as_retriever()


class TestSummaryIndexRetriever(RetrieverConformance):
    has_scores = False

    @pytest.fixture
    def retriever(self) -> BaseRetriever:
        return SummaryIndex([TextNode(text=text) for text in TEXTS]).as_retriever()
