"""A conversation, as a chat model is given it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from PIL import Image

from jarvis_retrievers.errors import InputError

__all__ = ["Message", "Role", "Tool", "ToolCall"]

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Tool:
    """What a model may call.

    Attributes:
        name: what it is called by.
        description: what it does.
        parameters: JSON schema of its arguments, of type ``object``.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call a tool.

    Attributes:
        id: by which the result says whose it is.
        name: of the tool.
        arguments: plain JSON values.
    """

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One message of a conversation. Its texts are data: none of them becomes a control token.

    Attributes:
        role: who speaks: ``system``, ``user``, ``assistant``, or ``tool`` for the result of a call.
        content: texts and images, in order.
        calls: which tools the assistant wants called.
        call_id: of a tool's result, the id of the call.

    Raises:
        InputError: no such role, content that is neither text nor image, or calls by somebody else than the
            assistant.
    """

    role: Role
    content: tuple[str | Image.Image, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise InputError(f"a role is one of {', '.join(get_args(Role))}, got {self.role!r}")
        for part in self.content:
            if not isinstance(part, (str, Image.Image)):
                raise InputError(f"content is texts and PIL images, got {type(part).__name__}")
        if self.calls and self.role != "assistant":
            raise InputError(f"only the assistant calls tools, got {len(self.calls)} calls of {self.role!r}")

    @property
    def text(self) -> str:
        """Its texts, joined by line breaks."""
        return "\n".join(part for part in self.content if isinstance(part, str))

    @property
    def images(self) -> tuple[Image.Image, ...]:
        """Its images."""
        return tuple(part for part in self.content if isinstance(part, Image.Image))
