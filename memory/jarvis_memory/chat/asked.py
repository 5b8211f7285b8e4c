"""What a conversation is computed from: the request as tokens, and the concepts behind its head."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from jarvis_memory.kv import Context, Prefix, Segment

from .prompt import Prompt
from .request import ChatRequest

__all__ = ["Asked", "Recalled"]


@dataclass(frozen=True, slots=True, eq=False)
class Recalled:
    """What a conversation is answered from.

    Attributes:
        segments: of the concepts, most important first.
        make: makes their context, behind the given head instead of the prefix if there is one.
        label: what the rows of that context depend on, besides what stands before them.
    """

    segments: tuple[Segment, ...]
    make: Callable[[Prefix | None], Context]
    label: Hashable

    @property
    def tokens(self) -> int:
        """How many rows they take."""
        return sum(segment.tokens for segment in self.segments)

    @property
    def width(self) -> int:
        """How many positions they take."""
        return sum(segment.width for segment in self.segments)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A request that was read: what is computed before the concepts, and what behind them.

    Attributes:
        request: what is asked.
        head, body: of the conversation.
        plain: whether the head is the prefix, so that the first segment is where it was encoded.
    """

    request: ChatRequest
    head: Prompt
    body: Prompt
    plain: bool
