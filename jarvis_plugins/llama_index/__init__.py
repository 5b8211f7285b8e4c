"""Personal memory in LlamaIndex: retriever, embedding, vector store, ingestion.

Importing this package loads neither torch nor LlamaIndex; a name loads its module on first use. Suites for
tests of one's own are in `jarvis_plugins.llama_index.testing`.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from jarvis_retrievers.errors import ExtraError

if TYPE_CHECKING:
    from .embedding import OpenCLIPEmbedding as OpenCLIPEmbedding
    from .retriever import JarvisRetriever as JarvisRetriever
    from .transform import RememberConcepts as RememberConcepts
    from .vectorstore import JarvisFaissVectorStore as JarvisFaissVectorStore

_EXPORTS = {
    "JarvisFaissVectorStore": "vectorstore",
    "JarvisRetriever": "retriever",
    "OpenCLIPEmbedding": "embedding",
    "RememberConcepts": "transform",
}

__all__ = [
    "JarvisFaissVectorStore",
    "JarvisRetriever",
    "OpenCLIPEmbedding",
    "RememberConcepts",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if (
        importlib.util.find_spec("llama_index") is None
        or importlib.util.find_spec("llama_index.core") is None
    ):
        raise ExtraError(
            f"{name} needs llama-index-core, which is not installed; run: "
            'pip install "jarvis-plugins[llama-index]"'
        )
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
