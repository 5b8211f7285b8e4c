"""LangChain's messages as the conversation that a node is given, and replies as LangChain's messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk
from PIL import Image

from jarvis_memory.chat import Message, Reply, ToolCall
from jarvis_memory.chat.message import Role
from jarvis_plugins.common.reply_facts import reply_facts
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.sources import ImagePolicy

from .blocks import picture_of

__all__ = ["conversation", "last_chunk", "message_of"]

_ROLES: Final[dict[type[BaseMessage], Role]] = {
    SystemMessage: "system",
    HumanMessage: "user",
    AIMessage: "assistant",
    ToolMessage: "tool",
}
_CHAT_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
}
# What an answer holds besides its text: calls are taken from the message itself, thoughts are not said again.
_PASSED_OVER: Final = frozenset({"reasoning", "tool_call", "tool_call_chunk", "invalid_tool_call"})


def conversation(messages: Iterable[BaseMessage], policy: ImagePolicy) -> list[Message]:
    """Messages of any dialect as a conversation.

    Args:
        messages: system, human, AI, tool and chat messages.
        policy: where images may come from besides the messages themselves.

    Raises:
        InputError: a kind of message or content that the model cannot be given.
        ImageError: an image that is not allowed, or cannot be read.
    """
    return [_message(message, policy) for message in messages]


def message_of(reply: Reply, name: str) -> AIMessage:
    """A reply as a message."""
    return AIMessage(
        content=reply.text,
        tool_calls=[tool_call(name=c.name, args=dict(c.arguments), id=c.id) for c in reply.calls],
        invalid_tool_calls=[
            invalid_tool_call(name=None, args=bad.text, id=bad.id, error=bad.error) for bad in reply.bad_calls
        ],
        usage_metadata=_usage(reply),
        response_metadata=reply_facts(reply, name),
    )


def last_chunk(reply: Reply, name: str) -> AIMessageChunk:
    """What a stream ends with: the calls, the usage, and how it was made; its text was told before."""
    calls = [
        tool_call_chunk(name=c.name, args=json.dumps(dict(c.arguments), ensure_ascii=False), id=c.id, index=n)
        for n, c in enumerate(reply.calls)
    ]
    # A chunk keeps what is no JSON as an invalid call.
    calls += [
        tool_call_chunk(name=None, args=bad.text, id=bad.id, index=len(calls) + n)
        for n, bad in enumerate(reply.bad_calls)
    ]
    return AIMessageChunk(
        content="",
        tool_call_chunks=calls,
        usage_metadata=_usage(reply),
        response_metadata=reply_facts(reply, name),
        chunk_position="last",
    )


def _message(message: BaseMessage, policy: ImagePolicy) -> Message:
    if isinstance(message, ChatMessage):
        role = _CHAT_ROLES.get(message.role)
    else:
        role = next((role for kind, role in _ROLES.items() if isinstance(message, kind)), None)
    if role is None:
        raise InputError(
            f"a {type(message).__name__} cannot be part of a conversation; "
            "use system, human, AI and tool messages"
        )
    blocks: Sequence[Mapping[str, Any]] = message.content_blocks
    parts = [part for block in blocks if (part := _part(block, role, policy)) is not None]
    calls: tuple[ToolCall, ...] = ()
    if isinstance(message, AIMessage):
        calls = tuple(ToolCall(c["id"] or "", c["name"], c["args"]) for c in message.tool_calls)
    return Message(
        role, tuple(parts), calls, message.tool_call_id if isinstance(message, ToolMessage) else None
    )


def _part(block: Mapping[str, Any], role: Role, policy: ImagePolicy) -> str | Image.Image | None:
    kind = str(block.get("type"))
    if kind == "text" or (kind == "text-plain" and block.get("text")):
        return str(block.get("text", ""))
    if kind == "image":
        return picture_of(block, policy)
    if role == "assistant" and (kind in _PASSED_OVER or _is_call(block)):
        return None
    shown = block.get("value", {}).get("type", "unknown") if kind == "non_standard" else kind
    raise InputError(
        f"this model reads texts and images, got a block of type {shown!r} in a message of the {role}; "
        "leave it out, or say it in words"
    )


def _is_call(block: Mapping[str, Any]) -> bool:
    """Another provider's way to repeat a call within the content."""
    value = block.get("value")
    return isinstance(value, Mapping) and value.get("type") in ("tool_use", "function_call")


def _usage(reply: Reply) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=reply.prompt_tokens,
        output_tokens=reply.generated_tokens,
        total_tokens=reply.prompt_tokens + reply.generated_tokens,
        input_token_details=InputTokenDetails(cache_read=reply.reused_tokens),
    )
