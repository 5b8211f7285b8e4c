"""What a call of a chat model says besides its messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from jarvis_memory.chat import Tool
from jarvis_retrievers.errors import SettingError

__all__ = ["OPTIONS", "choice_of", "schema_of", "tool_of"]

OPTIONS: Final = frozenset(
    {"concepts", "max_tokens", "model", "response_format", "seed", "temperature", "timeout", "tool_choice"}
    | {"tools", "top_p"}
)
"""What a call may set."""


def tool_of(tool: Mapping[str, Any] | type | Callable[..., Any] | BaseTool) -> Tool:
    """A tool of any of LangChain's dialects.

    Raises:
        SettingError: it is a tool of a provider's own, which runs there.
    """
    listed = tool if isinstance(tool, dict) and "function" in tool else convert_to_openai_tool(tool)
    function = listed.get("function") if isinstance(listed, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise SettingError(
            f"a tool is a function with a name, got {tool!r:.80}; give a function or a BaseTool"
        )
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return Tool(function["name"], str(function.get("description") or ""), parameters)


def choice_of(choice: Any) -> str:
    """Which tool must be called, as a request says it."""
    if choice is None or choice == "auto":
        return "auto"
    if isinstance(choice, bool):
        return "any" if choice else "none"
    if isinstance(choice, Mapping):
        function = choice.get("function")
        choice = function.get("name") if isinstance(function, Mapping) else choice.get("name")
    if not isinstance(choice, str) or not choice:
        raise SettingError(f"tool_choice is auto, none, any, or the name of a tool, got {choice!r}")
    return "any" if choice == "required" else choice


def schema_of(wanted: Any) -> str | None:
    """The JSON schema of a ``response_format``, as JSON; None for plain text.

    Raises:
        SettingError: no such format.
    """
    if wanted is None:
        return None
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return json.dumps({"type": "object"})
    if kind == "json_schema":
        inner = wanted.get("json_schema")
        schema = inner.get("schema") if isinstance(inner, Mapping) else None
        if isinstance(schema, Mapping):
            return json.dumps(schema)
    raise SettingError(
        f"response_format is of type text, json_object or json_schema with a schema, got {wanted!r:.80}"
    )


def checked_names(options: Sequence[str]) -> None:
    """Refuse options that nobody knows: a misspelt one would silently do nothing."""
    unknown = sorted(name for name in options if name not in OPTIONS)
    if unknown:
        raise SettingError(f"there is no option {unknown[0]!r}; there are {', '.join(sorted(OPTIONS))}")
