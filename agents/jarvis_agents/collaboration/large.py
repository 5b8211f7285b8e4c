"""The large model: anything with LangChain's `invoke` and `ainvoke`; LangChain itself is never imported."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from jarvis_retrievers.errors import SettingError

__all__ = ["Large", "LargeReply", "Messages", "acarry", "carry", "check_large"]

Messages = list[dict[str, Any]]
"""A conversation as LangChain takes it: ``{"role", "content"}``."""


class Large(Protocol):
    """What is needed of a chat model; every `BaseChatModel` of LangChain fits."""

    def invoke(self, input: Any, /) -> Any:
        """The reply to messages."""

    async def ainvoke(self, input: Any, /) -> Any:
        """The same, asynchronously."""


LargeReply = tuple[str, float]
"""What it said, and the seconds it took."""
Result = TypeVar("Result")
Work = Generator[Messages, LargeReply, Result]


def check_large(large: Any) -> Large:
    """Let only what can be asked pass.

    Raises:
        SettingError: it has no `invoke` or no `ainvoke`.
    """
    if isinstance(large, type) or not all(callable(getattr(large, n, None)) for n in ("invoke", "ainvoke")):
        raise SettingError(
            f"the large model has the methods invoke and ainvoke, got {type(large).__name__}; pass one of "
            "LangChain's chat models"
        )
    checked: Large = large
    return checked


def carry(work: Work[Result], large: Large) -> Result:
    """Carry work to its end, asking the large model whenever it wants to."""
    reply: LargeReply | None = None
    while True:
        asked = _next(work, reply)
        if isinstance(asked, _Done):
            return asked.result
        began = time.perf_counter()
        reply = _text(large.invoke(asked)), time.perf_counter() - began


async def acarry(work: Work[Result], large: Large) -> Result:
    """The same, with the small model in a thread and the large one awaited."""
    reply: LargeReply | None = None
    while True:
        asked = await asyncio.to_thread(_next, work, reply)
        if isinstance(asked, _Done):
            return asked.result
        began = time.perf_counter()
        reply = _text(await large.ainvoke(asked)), time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class _Done(Generic[Result]):
    result: Result


def _next(work: Work[Result], reply: LargeReply | None) -> Messages | _Done[Result]:
    """One step; StopIteration stays here, as it cannot leave a thread that is awaited."""
    try:
        return next(work) if reply is None else work.send(reply)
    except StopIteration as end:
        return _Done(end.value)


def _text(reply: Any) -> str:
    """The text of a message, whose content is a string or blocks."""
    content = getattr(reply, "content", reply)
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [block if isinstance(block, str) else _block(block) for block in content]
    return "\n".join(text for text in texts if text)


def _block(block: Any) -> str:
    text = block.get("text") if isinstance(block, Mapping) and block.get("type") == "text" else None
    return text if isinstance(text, str) else ""
