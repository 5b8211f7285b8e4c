"""Messages of OpenAI's chat completions as the conversation that a node is given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from PIL import Image
from pydantic_core import from_json

from jarvis_memory.chat import Message, ToolCall
from jarvis_memory.chat.message import Role

from .pictures import Pictures
from .refusal import Refusal

__all__ = ["conversation"]

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_KNOWN: Final[dict[Role, frozenset[str]]] = {
    "system": frozenset({"role", "content"}),
    "user": frozenset({"role", "content"}),
    "assistant": frozenset({"role", "content", "name", "tool_calls", "refusal"}),
    "tool": frozenset({"role", "content", "name", "tool_call_id"}),
}


def conversation(messages: Sequence[Any], pictures: Pictures) -> list[Message]:
    """Messages as a conversation.

    Args:
        messages: as JSON has them.
        pictures: reads the images of all of them.

    Raises:
        Refusal: a message that the model cannot be given.
    """
    return [_message(message, f"messages.{n}", pictures) for n, message in enumerate(messages)]


def _message(message: Any, where: str, pictures: Pictures) -> Message:
    if not isinstance(message, Mapping):
        raise Refusal(400, "a message is an object with role and content", param=where)
    said = message.get("role")
    role = _ROLES.get(said) if isinstance(said, str) else None
    if role is None:
        raise Refusal(400, f"a role is one of {', '.join(_ROLES)}, got {said!r:.40}", param=f"{where}.role")
    for name, value in message.items():
        if value is not None and name not in _KNOWN[role]:
            raise Refusal(
                400,
                f"{name[:60]!r} is not supported in a message of the {role}; leave it out",
                param=f"{where}.{name[:60]}",
            )
    calls = _calls(message.get("tool_calls"), f"{where}.tool_calls")
    parts = _parts(message.get("content"), role, f"{where}.content", pictures)
    refused = message.get("refusal")
    if refused is not None:
        parts += (_text(refused, f"{where}.refusal"),)
    if not parts and not calls:
        raise Refusal(400, "a message has content, or calls of tools", param=f"{where}.content")
    call_id = message.get("tool_call_id")
    if role == "tool" and not (isinstance(call_id, str) and call_id):
        raise Refusal(400, "the result of a tool has the tool_call_id of its call", param=where)
    return Message(role, parts, calls, call_id)


def _parts(content: Any, role: Role, where: str, pictures: Pictures) -> tuple[str | Image.Image, ...]:
    if content is None and role == "assistant":
        return ()
    if isinstance(content, str):
        return (content,)
    if not isinstance(content, list):
        raise Refusal(400, "content is a text, or a list of parts", param=where)
    return tuple(_part(part, role, f"{where}.{n}", pictures) for n, part in enumerate(content))


def _part(part: Any, role: Role, where: str, pictures: Pictures) -> str | Image.Image:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind in ("text", "refusal"):
        return _text(part.get(kind), where)
    if kind == "image_url" and role in ("user", "tool"):
        inner = part.get("image_url")
        url = inner.get("url") if isinstance(inner, Mapping) else None
        # What a path or a file is to the policy, an API has none of.
        if not isinstance(url, str) or url[:5].casefold() not in ("data:", "https"):
            raise Refusal(
                400, "an image_url has a url: data:image/png;base64,... or https://...", param=where
            )
        return pictures.read(url, where)
    raise Refusal(
        400,
        f"the model reads texts, and images of the user, got a part of type {kind!r:.40} of the {role}",
        param=where,
    )


def _text(text: Any, where: str) -> str:
    if not isinstance(text, str):
        raise Refusal(400, f"this must be a text, got {type(text).__name__}", param=where)
    return text


def _calls(listed: Any, where: str) -> tuple[ToolCall, ...]:
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise Refusal(400, "tool_calls are a list", param=where)
    return tuple(_call(call, f"{where}.{n}") for n, call in enumerate(listed))


def _call(call: Any, where: str) -> ToolCall:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise Refusal(400, "a call has an id, and a function with name and arguments", param=where)
    key, given = call.get("id"), function.get("arguments")
    if not isinstance(key, str) or not isinstance(given, str):
        raise Refusal(400, "the id of a call and its arguments are texts", param=where)
    try:
        # As the body is read: a bound on depth, no NaN, no half surrogates. 1e999 is infinite all the same.
        arguments = from_json(given or "{}", allow_inf_nan=False)
        json.dumps(arguments, allow_nan=False)
    except ValueError as error:
        raise Refusal(400, "the arguments of a call are no JSON; leave the call out", param=where) from error
    if not isinstance(arguments, Mapping):
        raise Refusal(400, "the arguments of a call are an object; leave the call out", param=where)
    return ToolCall(key, function["name"], arguments)
