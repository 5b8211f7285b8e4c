"""What a reply says of itself, in plain values."""

from __future__ import annotations

from typing import Any

from jarvis_memory.chat import Reply

__all__ = ["reply_facts"]


def reply_facts(reply: Reply, name: str) -> dict[str, Any]:
    """The model, why it ended, and from which concepts it was answered; values that JSON has."""
    return {
        "model_name": name,
        "model_provider": "jarvis",
        "finish_reason": reply.finish,
        "concepts": list(reply.concepts),
        "notices": list(reply.notices),
    }
