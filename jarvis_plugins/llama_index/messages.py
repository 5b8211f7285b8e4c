"""LlamaIndex's messages as the conversation that a node is given."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from llama_index.core.base.llms.types import (
    BaseContentBlock,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from PIL import Image

from jarvis_memory.chat import Message, ToolCall
from jarvis_memory.chat.message import Role
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.sources import ImagePolicy

from .images import picture_of

__all__ = ["MARK", "conversation", "is_mark", "last_said", "meant"]

MARK: Final = {"source": "personal_memory"}
"""What a memory block writes on messages of its own, beside ``concepts``, the ids of those that are meant."""

_ROLES: Final[dict[MessageRole, Role]] = {
    MessageRole.SYSTEM: "system",
    MessageRole.DEVELOPER: "system",
    MessageRole.USER: "user",
    MessageRole.ASSISTANT: "assistant",
    MessageRole.MODEL: "assistant",
    MessageRole.CHATBOT: "assistant",
    MessageRole.TOOL: "tool",
    MessageRole.FUNCTION: "tool",
}


def conversation(messages: Iterable[ChatMessage], policy: ImagePolicy) -> list[Message]:
    """Messages as a conversation; those that only carry ids are left out.

    Args:
        messages: of any role.
        policy: where images may come from besides the messages themselves.

    Raises:
        InputError: a kind of content that the model cannot be given, or a call that cannot be read.
        ImageError: an image that is not allowed, or cannot be read.
    """
    return [_message(message, policy) for message in messages if not is_mark(message)]


def meant(messages: Sequence[ChatMessage]) -> list[str] | None:
    """Ids of the concepts to answer from: the user's last message says so, else a memory block; None if not.

    Raises:
        InputError: something else than a list of ids.
    """
    said = last_said(messages)
    marks = [message for message in messages if is_mark(message)]
    for message in (*([said] if said else []), *reversed(marks)):
        ids = message.additional_kwargs.get("concepts")
        if ids is None:
            continue
        if isinstance(ids, (list, tuple)) and all(isinstance(key, str) for key in ids):
            return list(ids)
        raise InputError(f"concepts are a list of ids, got {ids!r:.80}; see PersonalMemory.list")
    return None


def is_mark(message: ChatMessage) -> bool:
    """Whether a memory block wrote a message to say ids, and nothing else."""
    ours = message.additional_kwargs.get("source") == MARK["source"]
    return ours and not message.blocks


def last_said(messages: Sequence[ChatMessage]) -> ChatMessage | None:
    """What the user said last."""
    said = (m for m in reversed(messages) if m.role == MessageRole.USER and not is_mark(m))
    return next(said, None)


def _message(message: ChatMessage, policy: ImagePolicy) -> Message:
    role = _ROLES[message.role]
    parts = [part for block in message.blocks for part in _parts(block, role, policy)]
    call_id = message.additional_kwargs.get("tool_call_id") if role == "tool" else None
    calls = tuple(_calls(message)) if role == "assistant" else ()
    return Message(role, tuple(parts), calls, None if call_id is None else str(call_id))


def _parts(block: BaseContentBlock, role: Role, policy: ImagePolicy) -> Iterator[str | Image.Image]:
    if isinstance(block, TextBlock):
        yield block.text
    elif isinstance(block, ImageBlock):
        yield picture_of(block, policy)
    elif isinstance(block, (CitableBlock, CitationBlock)):
        for inner in block.nested_blocks:
            yield from _parts(inner, role, policy)
    # Calls are taken from the message itself, thoughts are not said again, and a cache point is a hint.
    elif not (
        isinstance(block, CachePoint)
        or (role == "assistant" and isinstance(block, (ToolCallBlock, ThinkingBlock)))
    ):
        kind = getattr(block, "block_type", type(block).__name__)
        raise InputError(
            f"this model reads texts and images, got a block of type {kind!r} in a message of the {role}; "
            "leave it out, or say it in words"
        )


def _calls(message: ChatMessage) -> Iterator[ToolCall]:
    """Calls as blocks; where there are none, as OpenAI lists them in ``additional_kwargs``."""
    blocks = [block for block in message.blocks if isinstance(block, ToolCallBlock)]
    for block in blocks:
        yield ToolCall(block.tool_call_id or "", block.tool_name, _arguments(block.tool_kwargs))
    for listed in [] if blocks else message.additional_kwargs.get("tool_calls") or []:
        call = listed if isinstance(listed, Mapping) else _plain(listed)
        function = call.get("function") or {}
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise InputError(f"a call of a tool has a function with a name, got {listed!r:.80}; leave it out")
        yield ToolCall(str(call.get("id") or ""), function["name"], _arguments(function.get("arguments")))


def _plain(listed: Any) -> Mapping[str, Any]:
    """A client's own object as plain values."""
    dump = getattr(listed, "model_dump", None)
    return dump() if dump is not None else {}


def _arguments(given: Any) -> Mapping[str, Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given or "{}")
        except (ValueError, RecursionError) as error:
            raise InputError(f"the arguments of a call are no JSON ({error}); leave the call out") from error
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError(f"the arguments of a call are an object, got {given!r:.80}; leave the call out")
    return given
