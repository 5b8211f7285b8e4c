"""Vector stores of other libraries that run without a server, each as an index of a memory."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jarvis_plugins.common.hosted_index import HostedIndex
from jarvis_retrievers.errors import ExtraError

__all__ = ["HOSTED", "Hosted", "Opened"]

SECRET: Final = bytes(range(32))
NAME: Final = "jarvis"


@dataclass
class Opened:
    """An index that was opened, and what closes its store."""

    index: HostedIndex
    closing: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Let go of the store's files."""
        self.closing.close()


@dataclass(frozen=True)
class Hosted:
    """One kind of store.

    Attributes:
        needs: modules that have to be installed.
        open: opens it in a folder, for vectors of a length, none of them longer than so much (None: of 1).
        lasts: whether anything is left of it in the folder when the process ends.
    """

    needs: tuple[str, ...]
    open: Callable[[Path, int, float | None], Opened]
    lasts: bool

    @property
    def missing(self) -> str | None:
        """A module that is not installed, if there is one."""
        return next((name for name in self.needs if importlib.util.find_spec(name) is None), None)

    def opened(self, folder: Path, dim: int, longest: float | None = None) -> Opened:
        """An index on a store in this folder.

        Raises:
            ExtraError: a module is not installed.
        """
        if self.missing is not None:
            package = self.missing.replace("_", "-")
            raise ExtraError(f"{package} is not installed; run: pip install {package}")
        return self.open(folder, dim, longest)


def _langchain(store: Any, rows: Any, **more: Any) -> HostedIndex:
    from jarvis_plugins.langchain import LangChainVectorIndex

    return LangChainVectorIndex(store, rows, secret=SECRET, **more)


def _rows(dim: int, longest: float | None) -> Any:
    from jarvis_plugins.langchain import RowEmbeddings

    return RowEmbeddings(dim, longest)


def _in_memory(folder: Path, dim: int, longest: float | None) -> Opened:
    from langchain_core.vectorstores import InMemoryVectorStore

    rows = _rows(dim, longest)
    return Opened(_langchain(InMemoryVectorStore(rows), rows))


def _simple(folder: Path, dim: int, longest: float | None) -> Opened:
    from llama_index.core.vector_stores import SimpleVectorStore

    from jarvis_plugins.llama_index import LlamaVectorIndex

    return Opened(LlamaVectorIndex(SimpleVectorStore(), dim, secret=SECRET, longest=longest))


def _qdrant(folder: Path, width: int) -> Any:
    from qdrant_client import QdrantClient, models

    client = QdrantClient(path=str(folder))
    if not client.collection_exists(NAME):
        client.create_collection(
            NAME, vectors_config=models.VectorParams(size=width, distance=models.Distance.COSINE)
        )
    return client


def _langchain_qdrant(folder: Path, dim: int, longest: float | None) -> Opened:
    from langchain_qdrant import QdrantVectorStore

    rows = _rows(dim, longest)
    client = _qdrant(folder, rows.space.width)
    store = QdrantVectorStore(client, NAME, embedding=rows, validate_collection_config=False)
    opened = Opened(_langchain(store, rows))
    opened.closing.callback(client.close)
    return opened


def _llama_qdrant(folder: Path, dim: int, longest: float | None) -> Opened:
    from llama_index.vector_stores.qdrant import QdrantVectorStore

    from jarvis_plugins.llama_index import LlamaVectorIndex

    client = _qdrant(folder, dim if longest is None else dim + 1)
    index = LlamaVectorIndex(QdrantVectorStore(NAME, client=client), dim, secret=SECRET, longest=longest)
    opened = Opened(index)
    opened.closing.callback(client.close)
    return opened


def _chroma(folder: Path, dim: int, longest: float | None) -> Opened:
    import chromadb
    from chromadb.config import Settings
    from langchain_chroma import Chroma

    rows = _rows(dim, longest)
    client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    store = Chroma(NAME, rows, client=client, collection_metadata={"hnsw:space": "cosine"})
    opened = Opened(_langchain(store, rows))
    opened.closing.callback(client.close)
    return opened


def _milvus(folder: Path, dim: int, longest: float | None) -> Opened:
    from langchain_milvus import Milvus

    rows = _rows(dim, longest)
    store = Milvus(
        embedding_function=rows,
        collection_name=NAME,
        connection_args={"uri": str(folder / "milvus.db")},
        index_params={"index_type": "FLAT", "metric_type": "COSINE"},
        auto_id=False,
    )
    opened = Opened(_langchain(store, rows))
    opened.closing.callback(store.client.close)
    return opened


def _faiss(folder: Path, dim: int, longest: float | None) -> Opened:
    from jarvis_plugins.langchain import FaissVectorStore

    rows = _rows(dim, longest)
    return Opened(_langchain(FaissVectorStore(rows), rows))


HOSTED: Final[dict[str, Hosted]] = {
    "langchain-in-memory": Hosted(("langchain_core",), _in_memory, lasts=False),
    "langchain-jarvis-faiss": Hosted(("langchain_core",), _faiss, lasts=False),
    "langchain-qdrant": Hosted(("langchain_qdrant",), _langchain_qdrant, lasts=True),
    "langchain-chroma": Hosted(("langchain_chroma",), _chroma, lasts=True),
    "langchain-milvus": Hosted(("langchain_milvus", "milvus_lite"), _milvus, lasts=True),
    "llama-index-simple": Hosted(("llama_index",), _simple, lasts=False),
    "llama-index-qdrant": Hosted(("llama_index", "qdrant_client"), _llama_qdrant, lasts=True),
}
"""By name: the library, then the store."""
