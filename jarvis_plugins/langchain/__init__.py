"""Personal memory in LangChain: chat model, retriever, tools, middleware, embeddings, and two stores.

Importing this package loads neither torch nor LangChain; a name loads its module on first use.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from jarvis_retrievers.errors import ExtraError

if TYPE_CHECKING:
    from .blocks import picture_block as picture_block
    from .blocks import pictures_of as pictures_of
    from .chat_model import ChatJarvis as ChatJarvis
    from .embeddings import OpenCLIPEmbeddings as OpenCLIPEmbeddings
    from .middleware import PersonalMemoryMiddleware as PersonalMemoryMiddleware
    from .retriever import JarvisRetriever as JarvisRetriever
    from .row_embeddings import RowEmbeddings as RowEmbeddings
    from .store import PersonalStore as PersonalStore
    from .tools import memory_tools as memory_tools
    from .vector_index import LangChainVectorIndex as LangChainVectorIndex
    from .vectorstore import FaissVectorStore as FaissVectorStore

_EXPORTS = {
    "ChatJarvis": "chat_model",
    "FaissVectorStore": "vectorstore",
    "JarvisRetriever": "retriever",
    "LangChainVectorIndex": "vector_index",
    "OpenCLIPEmbeddings": "embeddings",
    "PersonalMemoryMiddleware": "middleware",
    "PersonalStore": "store",
    "RowEmbeddings": "row_embeddings",
    "memory_tools": "tools",
    "picture_block": "blocks",
    "pictures_of": "blocks",
}

__all__ = [
    "ChatJarvis",
    "FaissVectorStore",
    "JarvisRetriever",
    "LangChainVectorIndex",
    "OpenCLIPEmbeddings",
    "PersonalMemoryMiddleware",
    "PersonalStore",
    "RowEmbeddings",
    "memory_tools",
    "picture_block",
    "pictures_of",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for needed in ("langchain_core", "langchain", "langgraph"):
        if importlib.util.find_spec(needed) is None:
            raise ExtraError(
                f'{name} needs {needed}, which is not installed; run: pip install "jarvis-plugins[langchain]"'
            )
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
