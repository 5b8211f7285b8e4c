"""What answers behind a chat model of a framework: named, loaded, or a memory."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jarvis_memory.chat import ChatNode
from jarvis_memory.memory import PersonalMemory
from jarvis_memory.vlm import VLM
from jarvis_retrievers.errors import SettingError

__all__ = ["NodeSource", "is_node"]


class NodeSource:
    """Holds a node, loads it when first needed, and has the thread that it computes in.

    Args:
        model: "pocket", a Hugging Face id, a folder, a loaded `VLM`, or any `ChatNode`.
        memory: in place of a model.
        given: whether a model was named, and not merely left as it is.
        adapter: the name of the class that it is for, as messages say it.

    Raises:
        SettingError: no such model, or both a model and a memory.
    """

    def __init__(self, model: Any, memory: PersonalMemory | None, *, given: bool, adapter: str) -> None:
        if memory is not None:
            if given and model is not None:
                raise SettingError("a memory has its model; give one of model and memory, not both")
        elif not (isinstance(model, (str, VLM)) or is_node(model)):
            raise SettingError(
                f"model is a name, a VLM or a ChatNode, got {type(model).__name__}; "
                f'for one by name: {adapter}(model="pocket")'
            )
        self._model, self._memory = model, memory
        self._lock = threading.Lock()
        self._made: ChatNode | None = None
        self._executor: ThreadPoolExecutor | None = None

    @property
    def node(self) -> ChatNode:
        """What answers; loaded when first needed."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    @property
    def known(self) -> ChatNode | None:
        """What answers, if that is known without loading anything."""
        if self._memory is None and self._made is None and is_node(self._model):
            return self.node
        return self._made

    @property
    def name(self) -> str:
        """The id of the model once it is loaded, before that how it was named; nothing is loaded."""
        if self._made is not None:
            return self._made.name
        if self._memory is not None:
            return self._memory.model_name
        model = self._model
        return model if isinstance(model, str) else str(getattr(model, "name", "jarvis"))

    @property
    def thread(self) -> ThreadPoolExecutor:
        """One thread: the model computes one answer at a time, and more would only hold up the loop."""
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(1, thread_name_prefix="jarvis-chat")
            return self._executor

    def _make(self) -> ChatNode:
        if self._memory is not None:
            return self._memory
        if isinstance(self._model, (str, VLM)):
            from jarvis_memory.chat import ChatVLM

            return ChatVLM(VLM.load(self._model) if isinstance(self._model, str) else self._model)
        node: ChatNode = self._model
        return node


def is_node(model: Any) -> bool:
    """Whether it is a `ChatNode`; asked of its class, as its properties may load weights."""
    return all(hasattr(type(model), name) for name in ("abilities", "chat", "stream_chat"))
