"""LangChain's own suites."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import EmbeddingsIntegrationTests, VectorStoreIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from jarvis_plugins.langchain import FaissVectorStore, OpenCLIPEmbeddings


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return OpenCLIPEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": "pocket", "device": "cpu"}


class TestEmbeddingsIntegration(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return OpenCLIPEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": "pocket", "device": "cpu"}


class TestVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return FaissVectorStore(self.get_embeddings())
