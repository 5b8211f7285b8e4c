"""A conformance suite for parts of LlamaIndex: retrievers, LLMs, vector stores and memory blocks.

A subclass needs a fixture that makes the object, and flags that say what it can do; see each class. It needs
pytest. Importing this package loads neither pytest nor LlamaIndex.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from jarvis_retrievers.errors import ExtraError

if TYPE_CHECKING:
    from .llms import LLMConformance as LLMConformance
    from .memory_blocks import MemoryBlockConformance as MemoryBlockConformance
    from .retrievers import RetrieverConformance as RetrieverConformance
    from .vector_stores import VectorStoreConformance as VectorStoreConformance

_EXPORTS = {
    "LLMConformance": "llms",
    "MemoryBlockConformance": "memory_blocks",
    "RetrieverConformance": "retrievers",
    "VectorStoreConformance": "vector_stores",
}

_PARTS = ("filtering", "picturing", "searching", "tooling")

__all__ = [
    "LLMConformance",
    "MemoryBlockConformance",
    "RetrieverConformance",
    "VectorStoreConformance",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for needed, line in (("pytest", "pytest"), ("llama_index", '"jarvis-plugins[llama-index]"')):
        if importlib.util.find_spec(needed) is None:
            raise ExtraError(f"{name} needs {needed}, which is not installed; run: pip install {line}")
    import pytest

    # So that a test that fails shows what was compared.
    pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in (*_EXPORTS.values(), *_PARTS)))
    value = getattr(importlib.import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
