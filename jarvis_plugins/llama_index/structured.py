"""Answers that follow the schema of a pydantic class, token by token."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, Generator
from typing import Any, TypeVar

from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.program.utils import process_streaming_objects
from llama_index.core.prompts import BasePromptTemplate, PromptTemplate
from llama_index_instrumentation import get_dispatcher
from pydantic import BaseModel

from jarvis_memory.chat import ChatNode

__all__ = ["SchemaLLM"]

M = TypeVar("M", bound=BaseModel)
_dispatcher = get_dispatcher(__name__)


class SchemaLLM(FunctionCallingLLM):
    """What `JarvisLLM` has for `structured_predict`, `as_structured_llm` and an agent's ``output_cls``.

    LlamaIndex would ask for a call of a tool, or for JSON in words, and hope. Where the node can lead an
    answer along a schema it does; elsewhere LlamaIndex's own way is taken.
    """

    @property
    @abstractmethod
    def node(self) -> ChatNode:
        """What answers."""

    def structured_predict(
        self,
        output_cls: type[M],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> M:
        """An answer as an object of ``output_cls``.

        Raises:
            ValueError: the answer was cut off by ``max_tokens``, or breaks a rule that no schema says.
        """
        if not self._led():
            there: M = super().structured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
            return there
        _began(output_cls, prompt, prompt_args)
        messages = self._asked(prompt, prompt_args)
        return _read(output_cls, self.chat(messages, **_following(output_cls, llm_kwargs)))

    async def astructured_predict(
        self,
        output_cls: type[M],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> M:
        """The same in a thread."""
        if not await asyncio.to_thread(self._led):
            there: M = await super().astructured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
            return there
        _began(output_cls, prompt, prompt_args)
        messages = self._asked(prompt, prompt_args)
        return _read(output_cls, await self.achat(messages, **_following(output_cls, llm_kwargs)))

    def _structured_stream_call(
        self,
        output_cls: type[M],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Any, None, None]:
        """Objects as far as they are there; the last one is whole."""
        if not self._led():
            yield from super()._structured_stream_call(output_cls, prompt, llm_kwargs, **prompt_args)
            return
        messages = self._asked(prompt, prompt_args)
        for response in self.stream_chat(messages, **_following(output_cls, llm_kwargs)):
            yield process_streaming_objects(response, output_cls)
        yield output_cls.model_validate_json(response.message.content or "")

    async def _structured_astream_call(
        self,
        output_cls: type[M],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Any, None]:
        if not await asyncio.to_thread(self._led):
            return await super()._structured_astream_call(output_cls, prompt, llm_kwargs, **prompt_args)
        messages = self._asked(prompt, prompt_args)

        async def objects() -> AsyncGenerator[Any, None]:
            stream = await self.astream_chat(messages, **_following(output_cls, llm_kwargs))
            async for response in stream:
                yield process_streaming_objects(response, output_cls)
            yield output_cls.model_validate_json(response.message.content or "")

        return objects()

    def _led(self) -> bool:
        """Whether answers can be led along a schema; this loads the model."""
        return self.node.abilities.schemas

    def _asked(self, prompt: BasePromptTemplate, given: dict[str, Any]) -> list[ChatMessage]:
        return self._extend_messages(prompt.format_messages(llm=self, **given))


def _following(output_cls: type[BaseModel], options: dict[str, Any] | None) -> dict[str, Any]:
    """Options of the call, and the schema that its answer follows."""
    schema = output_cls.model_json_schema()
    wire = {"type": "json_schema", "json_schema": {"name": output_cls.__name__, "schema": schema}}
    return {**(options or {}), "response_format": wire}


def _began(output_cls: type[BaseModel], prompt: BasePromptTemplate, given: dict[str, Any]) -> None:
    _dispatcher.event(
        LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=given)
    )


def _read(output_cls: type[M], response: ChatResponse) -> M:
    found = output_cls.model_validate_json(response.message.content or "")
    _dispatcher.event(LLMStructuredPredictEndEvent(output=found))
    return found
