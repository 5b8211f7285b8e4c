"""Conversations: messages, images, tools and concepts in, a reply out.

Importing this package loads no torch and no transformers; each name loads its module on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .message import Message as Message
    from .message import Tool as Tool
    from .message import ToolCall as ToolCall
    from .node import Abilities as Abilities
    from .node import ChatNode as ChatNode
    from .reply import BadCall as BadCall
    from .reply import Reply as Reply
    from .request import ChatRequest as ChatRequest
    from .sampling import Sampling as Sampling
    from .sessions import Sessions as Sessions
    from .vlm_chat import ChatVLM as ChatVLM

_EXPORTS = {
    "Abilities": "node",
    "BadCall": "reply",
    "ChatNode": "node",
    "ChatRequest": "request",
    "ChatVLM": "vlm_chat",
    "Message": "message",
    "Reply": "reply",
    "Sampling": "sampling",
    "Sessions": "sessions",
    "Tool": "message",
    "ToolCall": "message",
}

__all__ = [
    "Abilities",
    "BadCall",
    "ChatNode",
    "ChatRequest",
    "ChatVLM",
    "Message",
    "Reply",
    "Sampling",
    "Sessions",
    "Tool",
    "ToolCall",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_EXPORTS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
