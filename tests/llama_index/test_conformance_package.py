"""The package asks for its extra by the line that installs it, and never for LangChain."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from typing import Any

import pytest

from jarvis_retrievers.errors import ExtraError
from tests.house.tree import ROOT

EXTRA = r'"jarvis-plugins\[llama-index\]"'
ALONE = """
import importlib.abc, random, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("langchain", "langchain_core", "langgraph", "langchain_tests"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from llama_index.core import Document
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import MediaResource

import jarvis_plugins.llama_index as package
import jarvis_plugins.llama_index.testing as testing
from jarvis_memory import PersonalMemory
from jarvis_pocket import scene, world
from jarvis_retrievers.images import encode_png

for name in package.__all__:
    getattr(package, name)
for name in testing.__all__:
    getattr(testing, name)
photo = scene.draw_photo(random.Random(1), world.draw_look(random.Random(2), "heldout")).image
shown = Document(
    text_resource=MediaResource(text="Bo likes noodles."),
    image_resource=MediaResource(data=encode_png(photo)),
    metadata={"concept": "Bo"},
)
store = package.JarvisFaissVectorStore()
with PersonalMemory.open(sys.argv[1]) as memory:
    steps = [package.RememberConcepts(memory), package.OpenCLIPEmbedding()]
    IngestionPipeline(transformations=steps, vector_store=store).run(documents=[shown])
    (found,) = package.JarvisRetriever(memory).retrieve("What does Bo like?")
store.persist(sys.argv[1] + "/store")
(node,) = package.JarvisFaissVectorStore.from_persist_path(sys.argv[1] + "/store").get_nodes()
assert node.metadata["concept_id"] == found.node.node_id
assert not [name for name in sys.modules if name.startswith(("langchain", "langgraph"))]
"""


def test_it_works_without_langchain(tmp_path: Any) -> None:
    paths = [str(ROOT / floor) for floor in (".", "agents", "memory", "retrievers", "pocket")]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("package", "name", "missing", "line"),
    [
        ("jarvis_plugins.llama_index", "JarvisRetriever", "llama_index", r'"jarvis-plugins\[llama-index\]"'),
        (
            "jarvis_plugins.llama_index",
            "JarvisRetriever",
            "llama_index.core",
            r'"jarvis-plugins\[llama-index\]"',
        ),
        ("jarvis_plugins.llama_index.testing", "LLMConformance", "pytest", "pytest"),
        (
            "jarvis_plugins.llama_index.testing",
            "LLMConformance",
            "llama_index",
            r'"jarvis-plugins\[llama-index\]"',
        ),
    ],
)
def test_without_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, package: str, name: str, missing: str, line: str
) -> None:
    module = importlib.import_module(package)
    find = importlib.util.find_spec

    def hidden(asked: str, *more: Any) -> Any:
        return None if asked == missing else find(asked, *more)

    monkeypatch.setattr(importlib.util, "find_spec", hidden)
    monkeypatch.delitem(vars(module), name, raising=False)
    with pytest.raises(ExtraError, match=f"pip install {line}"):
        getattr(module, name)
    with pytest.raises(AttributeError):
        _ = module.no_such_name
