"""`memory_tools`: what an agent does with a memory itself."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException

from jarvis_memory.memory import PersonalMemory
from jarvis_plugins.common.memory_toolbox import READS, TOOLS, WRITES, MemoryToolbox
from jarvis_retrievers.errors import JarvisError
from jarvis_retrievers.sources import ImagePolicy

from .blocks import content_of
from .retriever import document_of

__all__ = ["memory_tools"]

Told = tuple[str | list[Any], Any]


def memory_tools(
    memory: PersonalMemory, *, policy: ImagePolicy | None = None, show: int = 1, writes: bool = True
) -> list[BaseTool]:
    """Tools with which an agent remembers, recalls, updates, forgets and lists concepts of one owner.

    Each gives text for the model and an artifact for the program (`Document` values); recalled concepts come
    with image blocks of their best patches. What cannot be done is told to the model in one line.

    Args:
        memory: whose concepts. The owner is fixed here: no argument of a tool names one.
        policy: where photos may come from; by default only from data: URLs.
        show: patches of each recalled concept that are shown to the model, 0 for text alone.
        writes: whether concepts may be remembered, updated and forgotten.

    Raises:
        InputError: ``show`` is negative.
    """
    box = MemoryToolbox(memory, policy, show)
    return [_tool(box, name) for name in (*READS, *(WRITES if writes else ()))]


def _tool(box: MemoryToolbox, name: str) -> BaseTool:
    def run(**given: Any) -> Told:
        try:
            told = box.call(name, given)
        except JarvisError as error:
            raise ToolException(str(error)) from error
        return content_of(told.parts), [document_of(one) for one in told.found]

    async def arun(**given: Any) -> Told:
        return await asyncio.to_thread(run, **given)

    return StructuredTool.from_function(
        func=run,
        coroutine=arun,
        name=name,
        description=TOOLS[name].about,
        args_schema=TOOLS[name].arguments,
        response_format="content_and_artifact",
        handle_tool_error=True,
        infer_schema=False,
    )
