"""`JarvisToolSpec`: what an agent does with a memory itself."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from llama_index.core.tools.types import ToolMetadata
from pydantic import BaseModel

from jarvis_memory.memory import PersonalMemory
from jarvis_plugins.common.memory_toolbox import READS, TOOLS, WRITES, MemoryToolbox, ToolKind
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.sources import ImagePolicy

from .events import reported
from .images import content_blocks

__all__ = ["JarvisToolSpec"]

Told = list[TextBlock | ImageBlock]


class JarvisToolSpec(BaseToolSpec):
    """Tools with which an agent remembers, recalls, updates, forgets and lists concepts of one owner.

    ::

        agent = FunctionAgent(llm=llm, tools=JarvisToolSpec(memory).to_tool_list())

    Each gives text blocks, and `recall_concepts` image blocks of the best patches behind them. What cannot be
    done is raised; an agent tells it to its model in one line.

    Args:
        memory: whose concepts. The owner is fixed here: no argument of a tool names one.
        policy: where photos may come from; by default only from data: URLs.
        show: patches of each recalled concept that are shown to the model, 0 for text alone.
        writes: whether concepts may be remembered, updated and forgotten.

    Raises:
        InputError: ``show`` is negative.
    """

    def __init__(
        self,
        memory: PersonalMemory,
        *,
        policy: ImagePolicy | None = None,
        show: int = 1,
        writes: bool = True,
    ) -> None:
        self._box = MemoryToolbox(memory, policy, show)
        names = (*READS, *(WRITES if writes else ()))
        self.spec_functions: list[SPEC_FUNCTION_TYPE] = [(name, f"a{name}") for name in names]

    def get_fn_schema_from_fn_name(
        self, fn_name: str, spec_functions: list[SPEC_FUNCTION_TYPE] | None = None
    ) -> type[BaseModel] | None:
        """The arguments of a tool."""
        return _kind(fn_name).arguments

    def get_metadata_from_fn_name(
        self, fn_name: str, spec_functions: list[SPEC_FUNCTION_TYPE] | None = None
    ) -> ToolMetadata | None:
        """What a model is told of a tool."""
        kind = _kind(fn_name)
        return ToolMetadata(name=fn_name.removeprefix("a"), description=kind.about, fn_schema=kind.arguments)

    def recall_concepts(self, **given: Any) -> Told:
        """Find what is remembered; takes ``query`` and ``k``."""
        return self._call("recall_concepts", given)

    def list_concepts(self, **given: Any) -> Told:
        """List everything that is remembered."""
        return self._call("list_concepts", given)

    def remember_concept(self, **given: Any) -> Told:
        """Remember a concept; takes ``name``, ``photos``, ``about`` and ``category``."""
        return self._call("remember_concept", given)

    def update_concept(self, **given: Any) -> Told:
        """Add to a concept; takes ``name``, ``about`` and ``photos``."""
        return self._call("update_concept", given)

    def forget_concept(self, **given: Any) -> Told:
        """Forget a concept; takes ``name``."""
        return self._call("forget_concept", given)

    async def arecall_concepts(self, **given: Any) -> Told:
        """`recall_concepts` in a thread."""
        return await asyncio.to_thread(self.recall_concepts, **given)

    async def alist_concepts(self, **given: Any) -> Told:
        """`list_concepts` in a thread."""
        return await asyncio.to_thread(self.list_concepts, **given)

    async def aremember_concept(self, **given: Any) -> Told:
        """`remember_concept` in a thread."""
        return await asyncio.to_thread(self.remember_concept, **given)

    async def aupdate_concept(self, **given: Any) -> Told:
        """`update_concept` in a thread."""
        return await asyncio.to_thread(self.update_concept, **given)

    async def aforget_concept(self, **given: Any) -> Told:
        """`forget_concept` in a thread."""
        return await asyncio.to_thread(self.forget_concept, **given)

    def _call(self, name: str, given: dict[str, Any]) -> Told:
        with reported():
            return content_blocks(self._box.call(name, given).parts)


def _kind(name: str) -> ToolKind:
    kind = TOOLS.get(name) or TOOLS.get(name.removeprefix("a"))
    if kind is None:
        raise InputError(f"there is no tool {name!r}; there are {', '.join(TOOLS)}")
    return kind
