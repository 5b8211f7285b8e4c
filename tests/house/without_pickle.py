"""Run by `test_bans`: everything that is done every day, while nothing can be unpickled.

Only readers are taken away: ``copy`` and ``copyreg`` write what pickle would, and harm nobody. Python's own
import system reads compiled modules with ``marshal``; it alone still may.
"""

from __future__ import annotations

import marshal
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

tried: list[str] = []


def refusing(name: str) -> Callable[..., Any]:
    def refuse(*args: object, **more: object) -> Any:
        tried.append(name)
        raise AssertionError(f"{name} was called")

    return refuse


class Unpickler:
    """Stands where `pickle.Unpickler` stood; others may still make a kind of it."""

    def __init__(self, *args: object, **more: object) -> None:
        refusing("pickle.Unpickler")()


# Libraries that take a name of pickle at import get the refusing one: so before all of them.
pickle.loads, pickle.load = refusing("pickle.loads"), refusing("pickle.load")
pickle._loads, pickle._load = pickle.loads, pickle.load  # type: ignore[attr-defined]
pickle.Unpickler = Unpickler  # type: ignore[assignment,misc]
sys.modules["_pickle"].loads, sys.modules["_pickle"].load = pickle.loads, pickle.load  # type: ignore[attr-defined]
sys.modules["_pickle"].Unpickler = Unpickler  # type: ignore[attr-defined]
_unmarshal, _refused = marshal.loads, refusing("marshal.loads")
marshal.load = refusing("marshal.load")


def _for_imports(data: Any, **more: Any) -> Any:
    caller = sys._getframe(1).f_code.co_filename
    return _unmarshal(data, **more) if caller.startswith("<frozen importlib") else _refused()


marshal.loads = _for_imports


def main(folder: Path) -> None:
    """All of it."""
    import numpy as np
    import torch

    torch.load = refusing("torch.load")
    load = np.load
    np.load = lambda *args, **more: load(*args, **{**more, "allow_pickle": False})

    for name in (
        "pickle.loads",
        "pickle.load",
        "pickle.Unpickler",
        "marshal.load",
        "marshal.loads",
        "torch.load",
    ):
        module, _, word = name.partition(".")
        try:
            getattr(sys.modules[module], word)(b"")
        except AssertionError:
            continue
        raise SystemExit(f"{name} is still there")
    guarded, tried[:] = list(tried), []
    sys.stdout.write(f"{', '.join(guarded)} refuse\n")

    from PIL import Image

    import jarvis_agents
    import jarvis_memory
    import jarvis_plugins
    import jarvis_pocket
    import jarvis_retrievers
    from jarvis_memory import PersonalMemory

    for package in (jarvis_agents, jarvis_memory, jarvis_plugins, jarvis_pocket, jarvis_retrievers):
        for name in dir(package):
            getattr(package, name)
    photo = Image.new("RGB", (96, 96), (200, 120, 40))
    photo.paste((20, 40, 200), (30, 30, 70, 70))
    with PersonalMemory.open(folder / "home", owner="ana") as memory:
        memory.remember("Bo", [photo], "My shiba. Bo likes noodles.")
        memory.update("Bo", about="Bo was born in May.")
        memory.ask("What does Bo like?", [photo])
    with PersonalMemory.open(folder / "home", owner="ana") as memory:
        memory.ask("What does Bo like?")
        memory.recall("the dog", k=1)
        langchain(memory, folder)
        llama_index(memory, folder)
        memory.forget("Bo")
    if tried:
        raise SystemExit(f"called: {tried}")
    sys.stdout.write("nothing was unpickled\n")


def langchain(memory: Any, folder: Path) -> None:
    """Model, retriever, vector store on disk, and a store of items."""
    from jarvis_plugins.langchain import (
        ChatJarvis,
        FaissVectorStore,
        JarvisRetriever,
        OpenCLIPEmbeddings,
        PersonalStore,
    )

    ChatJarvis(memory=memory, max_tokens=4).invoke("What does Bo like?")
    JarvisRetriever(memory=memory).invoke("Bo")
    vectors = FaissVectorStore.from_texts(["Bo likes noodles"], OpenCLIPEmbeddings())
    vectors.save(str(folder / "vectors"))
    again = FaissVectorStore.load(str(folder / "vectors"), OpenCLIPEmbeddings())
    again.similarity_search("noodles", k=1)
    store = PersonalStore(folder / "home", "ana")
    store.put(("notes",), "one", {"text": "Bo"})
    store.get(("notes",), "one")


def llama_index(memory: Any, folder: Path) -> None:
    """Model, retriever, and a vector store on disk."""
    from llama_index.core.schema import TextNode

    from jarvis_plugins.llama_index import JarvisFaissVectorStore, JarvisLLM, JarvisRetriever

    JarvisLLM(memory=memory, max_tokens=4).complete("What does Bo like?")
    JarvisRetriever(memory).retrieve("Bo")
    store = JarvisFaissVectorStore()
    store.add([TextNode(text="Bo", embedding=[0.1, 0.2, 0.3])])
    store.persist(str(folder / "nodes"))
    JarvisFaissVectorStore.from_persist_path(str(folder / "nodes"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
