"""A small LLM and a small memory block that do all that the suite knows: every test of it can pass."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    ImageBlock,
    LLMMetadata,
    MessageRole,
    TextBlock,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.memory import BaseMemoryBlock
from llama_index.core.tools import BaseTool
from pydantic import Field

from jarvis_retrievers.images import load_image, pixel_digest


class Echo(FunctionCallingLLM):
    """Answers with digests of what it was given; a call of a tool if one must be."""

    @classmethod
    def class_name(cls) -> str:
        return "Echo"

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=512, model_name="echo", is_chat_model=True, is_function_calling_model=True
        )

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._answer(messages, **kwargs)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        return (part for part in self._parts(self._answer(messages, **kwargs)))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return await asyncio.to_thread(self._answer, messages, **kwargs)

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        whole = await asyncio.to_thread(self._answer, messages, **kwargs)

        async def parts() -> ChatResponseAsyncGen:
            for part in self._parts(whole):
                yield part

        return parts()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=_digest(prompt.encode()))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        return (part for part in self._texts(prompt))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=_digest(prompt.encode()))

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        async def parts() -> CompletionResponseAsyncGen:
            for part in self._texts(prompt):
                yield part

        return parts()

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        said = [ChatMessage(user_msg)] if isinstance(user_msg, str) else [user_msg] if user_msg else []
        return {"messages": [*(chat_history or []), *said], "call": tools[0] if tool_required else None}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        calls: list[ToolSelection] = response.message.additional_kwargs.get("calls", [])
        if not calls and error_on_no_tool_call:
            raise ValueError("there is no call")
        return calls

    def _answer(
        self, messages: Sequence[ChatMessage], call: BaseTool | None = None, **more: Any
    ) -> ChatResponse:
        if not messages:
            raise ValueError("there are no messages")
        pieces: list[bytes] = []
        for message in messages:
            for block in message.blocks:
                if isinstance(block, TextBlock):
                    pieces += [word.encode() for word in block.text.split()]
                elif isinstance(block, ImageBlock):
                    pieces += [pixel_digest(load_image(block.resolve_image().read())).encode()] * 4
        kept = {}
        if call is not None:
            fields = call.metadata.get_parameters_dict()["properties"]
            kept["calls"] = [
                ToolSelection(
                    tool_id="1", tool_name=call.metadata.name or "", tool_kwargs=dict.fromkeys(fields, "x")
                )
            ]
        told = ChatMessage(_digest(*pieces), role=MessageRole.ASSISTANT, additional_kwargs=kept)
        usage = {"prompt_tokens": len(pieces), "completion_tokens": 3}
        return ChatResponse(message=told, raw={"usage": usage})

    @staticmethod
    def _parts(whole: ChatResponse) -> list[ChatResponse]:
        text = whole.message.content or ""
        return [
            whole.model_copy(
                update={
                    "delta": text[n : n + 4],
                    "message": whole.message.model_copy(update={"blocks": [TextBlock(text=text[: n + 4])]}),
                }
            )
            for n in range(0, len(text), 4)
        ]

    @staticmethod
    def _texts(prompt: str) -> list[CompletionResponse]:
        text = _digest(prompt.encode())
        return [CompletionResponse(text=text[: n + 1], delta=text[n]) for n in range(len(text))]


Messages = list[ChatMessage]


class Album(BaseMemoryBlock[Messages]):
    """Keeps what was said by session, and shows one picture."""

    name: str = "album"
    picture: bytes
    said: dict[str, list[str]] = Field(default_factory=dict)

    async def _aget(
        self, messages: list[ChatMessage] | None = None, **block_kwargs: Any
    ) -> list[ChatMessage]:
        await asyncio.to_thread(len, self.picture)
        lines = self.said.get(block_kwargs.get("session_id") or "", [])
        return [
            ChatMessage(role=MessageRole.USER, blocks=[TextBlock(text="\n".join(["Bo:", *lines]))]),
            ChatMessage(role=MessageRole.USER, blocks=[ImageBlock(image=self.picture)]),
        ]

    async def _aput(self, messages: list[ChatMessage]) -> None:
        for message in messages:
            session = message.additional_kwargs.get("session_id", "")
            self.said.setdefault(session, []).append(message.content or "")

    async def atruncate(
        self, content: list[ChatMessage], tokens_to_truncate: int
    ) -> list[ChatMessage] | None:
        return content[:1] if tokens_to_truncate < 10 else None


def _digest(*pieces: bytes) -> str:
    return hashlib.sha256(b"|".join(pieces)).hexdigest()[:12]
