"""Replies as LlamaIndex's responses, whole or piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.llms.llm import ToolSelection

from jarvis_memory.chat import Reply
from jarvis_plugins.common.node_source import NodeSource
from jarvis_plugins.common.reply_facts import reply_facts

__all__ = ["Unfolding", "selections"]


class Unfolding:
    """One answer, as responses.

    Args:
        source: what answers.
        parallel: whether it may have more than one call; all but the first are left out otherwise.
    """

    def __init__(self, source: NodeSource, *, parallel: bool = True) -> None:
        self._source, self._parallel = source, parallel
        self._text = ""

    def chat(self, piece: str | Reply, *, streamed: bool = False) -> ChatResponse:
        """The answer as far as it is there."""
        if isinstance(piece, str):
            self._text += piece
            message = ChatMessage(role=MessageRole.ASSISTANT, content=self._text)
            return ChatResponse(message=message, delta=piece)
        calls = piece.calls if self._parallel else piece.calls[:1]
        blocks: list[TextBlock | ToolCallBlock] = [
            ToolCallBlock(tool_call_id=call.id, tool_name=call.name, tool_kwargs=dict(call.arguments))
            for call in calls
        ]
        if piece.text or not blocks:
            blocks.insert(0, TextBlock(text=piece.text))
        return ChatResponse(
            message=ChatMessage(role=MessageRole.ASSISTANT, content=blocks),
            delta="" if streamed else None,
            raw=_raw(piece, self._source.name),
            additional_kwargs=_counts(piece),
        )

    def completion(self, piece: str | Reply, *, streamed: bool = False) -> CompletionResponse:
        """The same of a completion."""
        if isinstance(piece, str):
            self._text += piece
            return CompletionResponse(text=self._text, delta=piece)
        return CompletionResponse(
            text=piece.text,
            delta="" if streamed else None,
            raw=_raw(piece, self._source.name),
            additional_kwargs=_counts(piece),
        )


def selections(message: ChatMessage) -> Sequence[ToolSelection]:
    """The calls of an answer, as agents carry them out."""
    return [
        ToolSelection(
            tool_id=block.tool_call_id or "",
            tool_name=block.tool_name,
            tool_kwargs=dict(block.tool_kwargs) if not isinstance(block.tool_kwargs, str) else {},
        )
        for block in message.blocks
        if isinstance(block, ToolCallBlock)
    ]


def _counts(reply: Reply) -> dict[str, int]:
    return {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.generated_tokens,
        "total_tokens": reply.prompt_tokens + reply.generated_tokens,
        "reused_tokens": reply.reused_tokens,
    }


def _raw(reply: Reply, name: str) -> dict[str, Any]:
    counts = _counts(reply)
    reused = counts.pop("reused_tokens")
    return {
        **reply_facts(reply, name),
        "usage": {**counts, "prompt_tokens_details": {"cached_tokens": reused}},
        "invalid_tool_calls": [
            {"id": bad.id, "text": bad.text, "error": bad.error} for bad in reply.bad_calls
        ],
        "ttft_seconds": reply.ttft_seconds,
        "seconds": reply.seconds,
    }
