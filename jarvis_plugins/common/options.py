"""What a call of a chat model says besides its messages."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from jarvis_memory.chat import ChatRequest, Message, Sampling, Tool
from jarvis_retrievers.errors import SettingError

__all__ = [
    "DEFAULTS",
    "OPTIONS",
    "chat_request",
    "checked_model",
    "checked_names",
    "choice_of",
    "function_tool",
    "schema_of",
]

DEFAULTS: Final = ("temperature", "top_p", "seed", "max_tokens", "timeout")
"""Options that an adapter has values of, for calls that say nothing."""

OPTIONS: Final = frozenset(
    {*DEFAULTS, "concepts", "model", "response_format", "tool_choice", "tools"},
)
"""What a call may set."""


def chat_request(
    messages: Sequence[Message],
    options: Mapping[str, Any],
    defaults: Mapping[str, Any],
    tools: Sequence[Tool],
    stop: Iterable[str] | None,
) -> ChatRequest:
    """A request of messages and options; what an option leaves open, ``defaults`` say."""

    def value(name: str) -> Any:
        given = options.get(name)
        return defaults[name] if given is None else given

    return ChatRequest(
        messages,
        tools=tools,
        choice=choice_of(options.get("tool_choice")),
        schema=schema_of(options.get("response_format")),
        max_new_tokens=value("max_tokens"),
        stop=tuple(stop or ()),
        sampling=Sampling(*(value(name) for name in ("temperature", "top_p", "seed"))),
        seconds=value("timeout"),
        concepts=options.get("concepts"),
    )


def function_tool(listed: Any, given: object) -> Tool:
    """A tool as OpenAI lists it: ``{"type": "function", "function": {...}}``.

    Args:
        listed: that.
        given: what it was made of, to show it.

    Raises:
        SettingError: it is a tool of a provider's own, which runs there.
    """
    function = listed.get("function") if isinstance(listed, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise SettingError(
            f"a tool is a function with a name, got {given!r:.80}; give a function or a BaseTool"
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


def checked_names(given: Iterable[str], known: Collection[str] = OPTIONS) -> None:
    """Refuse options that nobody knows: a misspelt one would silently do nothing."""
    unknown = sorted(name for name in given if name not in known)
    if unknown:
        raise SettingError(f"there is no option {unknown[0]!r}; there are {', '.join(sorted(known))}")


def checked_model(wanted: str | None, name: str, adapter: str) -> None:
    """Refuse a call that asks for another model."""
    if wanted is not None and wanted != name:
        raise SettingError(f"this is {name!r}, and {wanted!r} was asked for; make another {adapter} for it")
