"""One household in memory for all tests of the plug-ins, and chat models that say what they are told to."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from tests.household import encoder, exam, household, shared, vlm

__all__ = ["Scripted", "encoder", "exam", "household", "shared", "vlm"]


class Scripted(BaseChatModel):
    """Says the next of its replies, and keeps what it was given."""

    replies: list[AIMessage] = Field(default_factory=list)
    given: list[list[BaseMessage]] = Field(default_factory=list)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.given.append(list(messages))
        reply = self.replies[len(self.given) - 1] if len(self.given) <= len(self.replies) else AIMessage("ok")
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    @property
    def _llm_type(self) -> str:
        return "scripted"
