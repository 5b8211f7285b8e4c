"""Personal memory in LlamaIndex: LLM, retriever, memory block, query engine, embedding, vector store, tools.

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
    from .events import ConceptRetrievalEvent as ConceptRetrievalEvent
    from .events import SegmentLoadEvent as SegmentLoadEvent
    from .events import SegmentReuseEvent as SegmentReuseEvent
    from .images import picture_block as picture_block
    from .llm import JarvisLLM as JarvisLLM
    from .memory_block import PersonalMemoryBlock as PersonalMemoryBlock
    from .postprocessor import PersonalNodePostprocessor as PersonalNodePostprocessor
    from .query_engine import PersonalQueryEngine as PersonalQueryEngine
    from .retriever import JarvisRetriever as JarvisRetriever
    from .tool_spec import JarvisToolSpec as JarvisToolSpec
    from .transform import RememberConcepts as RememberConcepts
    from .vector_index import LlamaVectorIndex as LlamaVectorIndex
    from .vectorstore import JarvisFaissVectorStore as JarvisFaissVectorStore

_EXPORTS = {
    "ConceptRetrievalEvent": "events",
    "JarvisFaissVectorStore": "vectorstore",
    "JarvisLLM": "llm",
    "JarvisRetriever": "retriever",
    "JarvisToolSpec": "tool_spec",
    "LlamaVectorIndex": "vector_index",
    "OpenCLIPEmbedding": "embedding",
    "PersonalMemoryBlock": "memory_block",
    "PersonalNodePostprocessor": "postprocessor",
    "PersonalQueryEngine": "query_engine",
    "RememberConcepts": "transform",
    "SegmentLoadEvent": "events",
    "SegmentReuseEvent": "events",
    "picture_block": "images",
}

__all__ = [
    "ConceptRetrievalEvent",
    "JarvisFaissVectorStore",
    "JarvisLLM",
    "JarvisRetriever",
    "JarvisToolSpec",
    "LlamaVectorIndex",
    "OpenCLIPEmbedding",
    "PersonalMemoryBlock",
    "PersonalNodePostprocessor",
    "PersonalQueryEngine",
    "RememberConcepts",
    "SegmentLoadEvent",
    "SegmentReuseEvent",
    "picture_block",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # The parent is looked for first: to find a part of what is missing is an error of another kind.
    if any(importlib.util.find_spec(needed) is None for needed in ("llama_index", "llama_index.core")):
        raise ExtraError(
            f"{name} needs llama_index.core, which is not installed; "
            'run: pip install "jarvis-plugins[llama-index]"'
        )
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
