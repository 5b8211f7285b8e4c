"""Classes of llama-index-core through the suite: what they fail is listed here and in the docs."""

from __future__ import annotations

from typing import Any, ClassVar

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
    expected_failures: ClassVar[dict[str, str]] = {
        "test_nested": "nested MetadataFilters raise",
        "test_unknown_operator": "an unknown operator passes while the store is empty",
        "test_doc_ids": "doc_ids of a query are ignored",
        "test_mmr[0.0]": "MMR compares with the node chosen last only",
        "test_mmr[0.3]": "MMR compares with the node chosen last only",
        "test_mmr[0.5]": "MMR compares with the node chosen last only",
        "test_mmr_in_query": "mmr_threshold of a query is ignored",
        "test_nodes_given_are_left_alone": "it shares the embedding with the node given",
        "test_all_or_nothing": "nodes before a bad one are added",
        "test_dimensions": "embeddings of any length are added",
        "test_a_query_without_embedding_is_refused": "TypeError, out of NumPy",
        "test_get_nodes": "get_nodes raises: it keeps no nodes",
        "test_nodes_come_back": "it keeps no nodes",
        "test_images_come_back": "it keeps no nodes",
        "test_damage_is_noticed": "a digit that has changed on disk is loaded",
        "test_async_does_not_block": "async methods run on the event loop",
    }

    @pytest.fixture
    def store(self) -> BasePydanticVectorStore:
        return SimpleVectorStore()


class TestMockLLM(LLMConformance):
    takes_images = True
    expected_failures: ClassVar[dict[str, str]] = {
        "test_an_image_reaches_the_model": "CustomLLM.chat passes on texts only",
        "test_two_images_are_two": "CustomLLM.chat passes on texts only",
        "test_stream_chat": "each part has the whole message",
        "test_stream_complete": "each part has the whole text",
        "test_async_streams": "each part has the whole text",
        "test_async_does_not_block": "async methods run on the event loop",
    }

    @pytest.fixture
    def llm(self) -> LLM:
        return MockLLM()


class TestMockFunctionCallingLLM(LLMConformance):
    takes_images = True
    calls_tools = True
    expected_failures: ClassVar[dict[str, str]] = {
        "test_a_tool_is_called": "it calls tools without arguments",
        "test_a_tool_is_called_async": "it calls tools without arguments",
        "test_a_tool_is_called_in_a_stream": "it calls tools without arguments",
        "test_a_result_is_read": "it calls tools without arguments",
        "test_no_call_is_an_error_only_if_wanted": "error_on_no_tool_call is ignored",
        "test_async_does_not_block": "async methods run on the event loop",
    }

    @pytest.fixture
    def llm(self) -> LLM:
        return MockFunctionCallingLLM()


class TestVectorMemoryBlock(MemoryBlockConformance):
    has_content = False
    keeps_messages = True
    keeps_sessions = True
    expected_failures: ClassVar[dict[str, str]] = {
        "test_putting_leaves_messages_alone": "session_id is taken out of the messages given",
        "test_sessions_are_apart": "the first session that asks is kept as a filter for all others",
    }

    @pytest.fixture
    def block(self) -> BaseMemoryBlock[Any]:
        return VectorMemoryBlock(
            vector_store=JarvisFaissVectorStore(), embed_model=MockEmbedding(embed_dim=4)
        )


class TestStaticMemoryBlock(MemoryBlockConformance):
    gives_images = True
    does_not_block = False
    expected_failures: ClassVar[dict[str, str]] = {
        "test_images_survive": "Memory's template drops images that are bytes",
    }

    @pytest.fixture
    def block(self) -> BaseMemoryBlock[Any]:
        return StaticMemoryBlock(
            static_content=[TextBlock(text="Bo likes noodles."), ImageBlock(image=png("red"))]
        )


class TestVectorIndexRetriever(RetrieverConformance):
    expected_failures: ClassVar[dict[str, str]] = {
        "test_query_is_left_as_it_was": "the embedding is written into the bundle given",
        "test_an_empty_query_is_refused": "TypeError, out of NumPy",
    }

    @pytest.fixture
    def retriever(self) -> BaseRetriever:
        index = VectorStoreIndex(
            [TextNode(text=text) for text in TEXTS], embed_model=OpenCLIPEmbedding(ColourEncoder())
        )
        return index.as_retriever()


class TestSummaryIndexRetriever(RetrieverConformance):
    has_scores = False
    expected_failures: ClassVar[dict[str, str]] = {
        "test_an_empty_query_is_refused": "everything is found",
        "test_async_does_not_block": "aretrieve runs on the event loop",
    }

    @pytest.fixture
    def retriever(self) -> BaseRetriever:
        return SummaryIndex([TextNode(text=text) for text in TEXTS]).as_retriever()
