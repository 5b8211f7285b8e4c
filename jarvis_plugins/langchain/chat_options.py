"""Tools of any of LangChain's dialects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from jarvis_memory.chat import Tool
from jarvis_plugins.common.options import function_tool

__all__ = ["tool_of"]


def tool_of(tool: Mapping[str, Any] | type | Callable[..., Any] | BaseTool) -> Tool:
    """A tool of any of LangChain's dialects.

    Raises:
        SettingError: it is a tool of a provider's own, which runs there.
    """
    listed = tool if isinstance(tool, dict) and "function" in tool else convert_to_openai_tool(tool)
    return function_tool(listed, tool)
