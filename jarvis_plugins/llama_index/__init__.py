"""Personal memory in LlamaIndex: an LLM, a memory block, a query engine, a postprocessor, tools, and events.

Importing this package loads neither torch nor LlamaIndex; a name loads its module on first use.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from jarvis_retrievers.errors import ExtraError

if TYPE_CHECKING:
    from .events import ConceptRetrievalEvent as ConceptRetrievalEvent
    from .events import SegmentLoadEvent as SegmentLoadEvent
    from .events import SegmentReuseEvent as SegmentReuseEvent
    from .images import picture_block as picture_block
    from .llm import JarvisLLM as JarvisLLM
    from .memory_block import PersonalMemoryBlock as PersonalMemoryBlock
    from .postprocessor import PersonalNodePostprocessor as PersonalNodePostprocessor
    from .query_engine import PersonalQueryEngine as PersonalQueryEngine
    from .tool_spec import JarvisToolSpec as JarvisToolSpec

_EXPORTS = {
    "ConceptRetrievalEvent": "events",
    "JarvisLLM": "llm",
    "JarvisToolSpec": "tool_spec",
    "PersonalMemoryBlock": "memory_block",
    "PersonalNodePostprocessor": "postprocessor",
    "PersonalQueryEngine": "query_engine",
    "SegmentLoadEvent": "events",
    "SegmentReuseEvent": "events",
    "picture_block": "images",
}

__all__ = [
    "ConceptRetrievalEvent",
    "JarvisLLM",
    "JarvisToolSpec",
    "PersonalMemoryBlock",
    "PersonalNodePostprocessor",
    "PersonalQueryEngine",
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
