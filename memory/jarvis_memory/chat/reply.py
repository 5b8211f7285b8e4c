"""What a chat model says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .message import ToolCall

__all__ = ["BadCall", "Finish", "Reply"]

Finish = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True)
class BadCall:
    """A call that cannot be carried out.

    Attributes:
        id: as of a call.
        text: what the model wrote.
        error: what is wrong with it.
    """

    id: str
    text: str
    error: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a chat model says, and what it took.

    Attributes:
        text: without the calls.
        calls: which tools it wants called.
        bad_calls: what it began as a call, but is none.
        finish: why it ended: the model or a text said so, it was too long, or it calls a tool.
        prompt_tokens: all tokens before the answer, computed or not.
        reused_tokens: how many of these came from stored caches.
        generated_tokens: tokens of the answer.
        concepts: names of the concepts it was answered from, most likely first.
        notices: what the user should know, one line each.
        ttft_seconds: until the first token. seconds: until the last.
    """

    text: str
    calls: tuple[ToolCall, ...]
    bad_calls: tuple[BadCall, ...]
    finish: Finish
    prompt_tokens: int
    reused_tokens: int
    generated_tokens: int
    concepts: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    ttft_seconds: float = 0.0
    seconds: float = 0.0
