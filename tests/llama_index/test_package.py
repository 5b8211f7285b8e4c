"""Importing the package asks for nothing; a name asks for its extra, and never for LangChain."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from typing import Any

import pytest

from jarvis_retrievers.errors import ExtraError

WITHOUT_LANGCHAIN = """
import sys
class Nobody:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("langchain", "langchain_core", "langgraph", "langsmith"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nobody())
import jarvis_plugins.llama_index as package
for name in package.__all__:
    getattr(package, name)
from jarvis_memory.testing import ScriptedVLM
assert package.JarvisLLM(model=ScriptedVLM(["yes"])).complete("Well?").text == "yes"
assert not [name for name in sys.modules if name.startswith("lang")]
"""

COMMON = """
import importlib, pkgutil, sys
import jarvis_plugins.common as common
names = [module.name for module in pkgutil.iter_modules(common.__path__)]
assert len(names) > 5
for name in names:
    importlib.import_module(f"jarvis_plugins.common.{name}")
assert not [name for name in sys.modules if name.startswith(("lang", "llama_index"))]
"""


@pytest.mark.parametrize("missing", ["llama_index", "llama_index.core"])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    package = importlib.import_module("jarvis_plugins.llama_index")
    find = importlib.util.find_spec

    def hidden(name: str, *more: Any) -> Any:
        return None if name == missing else find(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", hidden)
    monkeypatch.delitem(vars(package), "JarvisLLM", raising=False)
    with pytest.raises(ExtraError, match=r'pip install "jarvis-plugins\[llama-index\]"') as caught:
        _ = package.JarvisLLM
    assert isinstance(caught.value, ImportError)
    with pytest.raises(AttributeError):
        _ = package.no_such_name


@pytest.mark.parametrize("code", [WITHOUT_LANGCHAIN, COMMON])
def test_frameworks_are_apart(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
