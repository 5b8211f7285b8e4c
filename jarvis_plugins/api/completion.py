"""Replies as OpenAI's chat completions, whole or piece by piece."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from jarvis_memory.chat import Reply
from jarvis_plugins.common.reply_facts import reply_facts

__all__ = ["Completion"]


class Completion:
    """One answer on its way to a client.

    Args:
        model: as it was asked for.
        one_call: only the first call of a tool is told.
    """

    def __init__(self, model: str, *, one_call: bool = False) -> None:
        self.id = f"chatcmpl-{secrets.token_hex(12)}"
        self._model, self._one_call, self._created = model, one_call, int(time.time())

    def whole(self, reply: Reply) -> dict[str, Any]:
        """The ``chat.completion`` of a reply."""
        calls = self._calls(reply)
        message: dict[str, Any] = {"role": "assistant", "content": reply.text, "refusal": None}
        if calls:
            message |= {"content": reply.text or None, "tool_calls": calls}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _finish(reply, bool(calls)),
        }
        return {
            **self._frame("chat.completion"),
            "choices": [choice],
            "usage": _usage(reply),
            "jarvis": _facts(reply, self._model),
        }

    def piece(self, text: str, *, first: bool) -> dict[str, Any]:
        """A ``chat.completion.chunk`` with text."""
        return self._chunk({"role": "assistant", "content": text} if first else {"content": text}, None)

    def last(self, reply: Reply, *, first: bool, usage: bool) -> Iterator[dict[str, Any]]:
        """The chunks that a stream ends with: calls, why it ended, and the usage if that is wanted."""
        if first:
            yield self.piece("", first=True)
        calls = self._calls(reply)
        if calls:
            yield self._chunk({"tool_calls": [{"index": n, **call} for n, call in enumerate(calls)]}, None)
        yield {**self._chunk({}, _finish(reply, bool(calls))), "jarvis": _facts(reply, self._model)}
        if usage:
            yield {**self._frame("chat.completion.chunk"), "choices": [], "usage": _usage(reply)}

    def _chunk(self, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._frame("chat.completion.chunk"), "choices": [choice]}

    def _frame(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self._created, "model": self._model}

    def _calls(self, reply: Reply) -> list[dict[str, Any]]:
        return [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": json.dumps(dict(call.arguments), ensure_ascii=False),
                },
            }
            for call in reply.calls[: 1 if self._one_call else None]
        ]


def _finish(reply: Reply, calls: bool) -> str:
    # A call that cannot be carried out is none to a client; it stands in `jarvis`.
    return reply.finish if calls or reply.finish != "tool_calls" else "stop"


def _usage(reply: Reply) -> dict[str, Any]:
    return {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.generated_tokens,
        "total_tokens": reply.prompt_tokens + reply.generated_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.reused_tokens},
    }


def _facts(reply: Reply, model: str) -> dict[str, Any]:
    """What only this project tells: concepts, notices, and calls that could not be read."""
    facts = reply_facts(reply, model)
    bad = [{"text": one.text, "error": one.error} for one in reply.bad_calls]
    return {"concepts": facts["concepts"], "notices": facts["notices"], "bad_calls": bad}
