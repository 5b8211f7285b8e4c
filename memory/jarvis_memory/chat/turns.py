"""The turns of a conversation: what was asked, and what was answered."""

from __future__ import annotations

from collections.abc import Iterable

from .message import Message

__all__ = ["turns_of"]


def turns_of(messages: Iterable[Message]) -> list[tuple[str, str]]:
    """Questions of the user and their answers, oldest first; calls of tools are no answers."""
    turns: list[tuple[str, str]] = []
    asked: str | None = None
    for message in messages:
        if message.role == "user":
            asked = message.text
        elif message.role == "assistant" and asked is not None and not message.calls:
            turns.append((asked, message.text))
            asked = None
    return turns
