"""Large models for tests: what they are given is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

NONE = '{"questions": []}'


class Recording(BaseChatModel):
    """Says the next of its replies (or the last one again), or what a function makes of the messages."""

    replies: list[Any] = Field(default_factory=list)
    script: Callable[[Sequence[BaseMessage]], str] | None = None
    given: list[list[BaseMessage]] = Field(default_factory=list)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.given.append(list(messages))
        if self.script is not None:
            said: Any = self.script(messages)
        else:
            said = self.replies[min(len(self.given), len(self.replies)) - 1]
        return ChatResult(generations=[ChatGeneration(message=AIMessage(said))])

    @property
    def _llm_type(self) -> str:
        return "recording"

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Every content block of every call; a text is a block, too."""
        found: list[dict[str, Any]] = []
        for messages in self.given:
            for message in messages:
                content = message.content
                parts = [content] if isinstance(content, str) else content
                found += [{"type": "text", "text": p} if isinstance(p, str) else dict(p) for p in parts]
        return found

    @property
    def images(self) -> list[dict[str, Any]]:
        """The blocks that are no text."""
        return [block for block in self.blocks if block["type"] != "text"]

    def texts(self, kind: str) -> str:
        """All texts of messages of a kind (``system``, ``human``)."""
        of_kind = [m for messages in self.given for m in messages if m.type == kind]
        return "\n".join(str(message.text) for message in of_kind)
