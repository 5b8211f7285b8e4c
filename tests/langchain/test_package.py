"""Importing the package asks for nothing; a name asks for its extra by the line that installs it."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import pytest

from jarvis_retrievers.errors import ExtraError


@pytest.mark.parametrize("missing", ["langchain_core", "langchain", "langgraph"])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    package = importlib.import_module("jarvis_plugins.langchain")
    find = importlib.util.find_spec

    def hidden(name: str, *more: Any) -> Any:
        return None if name == missing else find(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", hidden)
    monkeypatch.delitem(vars(package), "FaissVectorStore", raising=False)
    with pytest.raises(ExtraError, match=r'pip install "jarvis-plugins\[langchain\]"') as caught:
        _ = package.FaissVectorStore
    assert isinstance(caught.value, ImportError)
    with pytest.raises(AttributeError):
        _ = package.no_such_name
