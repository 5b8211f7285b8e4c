"""What a chat model of this project can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .reply import Reply
from .request import ChatRequest

__all__ = ["Abilities", "ChatNode"]


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a node can do.

    Attributes:
        window: the most tokens of a conversation with its answer.
        tools: whether its template knows tools.
        schemas: whether answers can be led along a JSON schema.
    """

    window: int
    tools: bool
    schemas: bool


@runtime_checkable
class ChatNode(Protocol):
    """Answers conversations: `ChatVLM` is a model, `PersonalMemory` one with a memory, `ScriptedVLM` none."""

    @property
    def name(self) -> str:
        """The id of the model."""

    @property
    def abilities(self) -> Abilities:
        """What it can do; this may load it."""

    def chat(self, request: ChatRequest) -> Reply:
        """Answer."""

    def stream_chat(self, request: ChatRequest) -> Iterator[str | Reply]:
        """The text piece by piece, and at last the reply; closing it stops the work."""
