"""`JarvisLLM`: a local vision-language model, with or without a memory, as an LLM of LlamaIndex."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools.types import BaseTool
from pydantic import ConfigDict, Field, PrivateAttr, field_serializer

from jarvis_memory.beside import beside
from jarvis_memory.chat import ChatNode, ChatRequest, Reply, Sampling, Tool
from jarvis_memory.chat.telling import last_of
from jarvis_memory.memory import PersonalMemory
from jarvis_plugins.common.node_source import NodeSource
from jarvis_plugins.common.options import (
    DEFAULTS,
    OPTIONS,
    chat_request,
    checked_model,
    checked_names,
    function_tool,
)
from jarvis_retrievers.errors import CallError
from jarvis_retrievers.sources import ImagePolicy

from .events import current_span, reported, reusing
from .messages import conversation, meant
from .responses import Unfolding, selections
from .structured import SchemaLLM

__all__ = ["JarvisLLM"]

F = TypeVar("F", bound=Callable[..., Any])
_PARALLEL = "allow_parallel_tool_calls"
_KNOWN = OPTIONS | {_PARALLEL, "stop"}


def _typed(decorator: Callable[..., Any]) -> Callable[[F], F]:
    return decorator


_chat_events = _typed(llm_chat_callback())
_completion_events = _typed(llm_completion_callback())


class JarvisLLM(SchemaLLM):
    """A local vision-language model: images, tools, structured output, streaming, and what a memory holds.

    ::

        llm = JarvisLLM(memory=PersonalMemory.open("~/.jarvis", owner="ana"))
        llm.complete("What hangs on Bo's collar?").text
        agent = FunctionAgent(llm=llm, tools=tools)

    With a memory, the concepts that the conversation is about are found for each call, and answered from
    their segments; ``concepts`` (ids, as an option of the call or in ``additional_kwargs`` of the user's last
    message) says which ones instead, and ``[]`` none. ``reused_tokens`` in a response's
    ``additional_kwargs`` counts what was not computed; ``raw`` says the rest.

    Attributes:
        model: "pocket", a Hugging Face id, a folder, a loaded `VLM`, or any `ChatNode`; loaded when first
            needed. Not with ``memory``, which has a model.
        memory: of one owner.
        temperature, top_p, seed: see `Sampling`; by default the most likely token is taken.
        max_tokens: the most tokens of an answer.
        stop: texts that end an answer.
        timeout: seconds after which an answer is given up.
        policy: where images may come from besides the messages themselves; by default nowhere.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any = "pocket"
    memory: PersonalMemory | None = Field(default=None, exclude=True, repr=False)
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    max_tokens: int = 256
    stop: list[str] | None = None
    timeout: float | None = None
    policy: ImagePolicy = Field(default_factory=ImagePolicy)

    _source: NodeSource = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Refuse what cannot be; nothing is loaded."""
        super().model_post_init(context)
        given = "model" in self.model_fields_set
        self._source = NodeSource(self.model, self.memory, given=given, adapter="JarvisLLM")
        Sampling(self.temperature, self.top_p, self.seed)

    @classmethod
    def class_name(cls) -> str:
        """By which LlamaIndex knows it."""
        return "JarvisLLM"

    @field_serializer("model")
    def _named(self, model: Any) -> str:
        return self._source.name

    @property
    def node(self) -> ChatNode:
        """What answers; loaded when first needed."""
        return self._source.node

    @property
    def metadata(self) -> LLMMetadata:
        """What the model can do; this loads it."""
        able = self.node.abilities
        return LLMMetadata(
            context_window=able.window,
            num_output=self.max_tokens,
            is_chat_model=True,
            is_function_calling_model=able.tools,
            model_name=self.node.name,
        )

    def to_payload(self) -> dict[str, Any]:
        """What observers are told of it; nothing is loaded, as they ask on the event loop."""
        fields = ("temperature", "top_p", "seed", "max_tokens")
        about = {name: getattr(self, name) for name in fields}
        return {"class_name": self.class_name(), "model_name": self._source.name, **about}

    @_chat_events
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer a conversation."""
        return self._unfolding(kwargs).chat(last_of(self._pieces(messages, kwargs)))

    @_completion_events
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Answer a question."""
        return self._unfolding(kwargs).completion(last_of(self._pieces([ChatMessage(prompt)], kwargs)))

    @_chat_events
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """`chat` piece by piece; the last response has calls and counts. Closing it stops the work."""
        told, pieces = self._unfolding(kwargs), self._pieces(messages, kwargs)
        return (told.chat(piece, streamed=True) for piece in pieces)

    @_completion_events
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """`complete` piece by piece."""
        told, pieces = self._unfolding(kwargs), self._pieces([ChatMessage(prompt)], kwargs)
        return (told.completion(piece, streamed=True) for piece in pieces)

    @_chat_events
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """`chat` in a thread; cancelling it stops the work."""
        return self._unfolding(kwargs).chat(await self._areply(messages, kwargs))

    @_completion_events
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """`complete` in a thread."""
        return self._unfolding(kwargs).completion(await self._areply([ChatMessage(prompt)], kwargs))

    @_chat_events
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """`stream_chat` in a thread; leaving the loop stops the work."""
        told, pieces = self._unfolding(kwargs), self._apieces(messages, kwargs)
        return (told.chat(piece, streamed=True) async for piece in pieces)

    @_completion_events
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """`stream_complete` in a thread."""
        told, pieces = self._unfolding(kwargs), self._apieces([ChatMessage(prompt)], kwargs)
        return (told.completion(piece, streamed=True) async for piece in pieces)

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """The calls of an answer.

        Raises:
            CallError: there is none, and ``error_on_no_tool_call`` is set.
        """
        found = list(selections(response.message))
        if not found and error_on_no_tool_call:
            bad = (response.raw or {}).get("invalid_tool_calls") or [{"error": "it is plain text"}]
            raise CallError(
                f"the answer calls no tool ({bad[0]['error']}); demand one with tool_required, or allow more "
                "tokens"
            )
        return found

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
        choice = kwargs.pop("tool_choice", None)
        listed = [tool.metadata.to_openai_tool(skip_length_check=True) for tool in tools]
        return {
            "messages": [*(chat_history or []), *said],
            "tools": listed,
            "tool_choice": choice if choice is not None else "any" if tool_required else "auto",
            _PARALLEL: allow_parallel_tool_calls,
            **kwargs,
        }

    def _unfolding(self, options: Mapping[str, Any]) -> Unfolding:
        return Unfolding(self._source, parallel=bool(options.get(_PARALLEL, True)))

    def _pieces(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any], span: str | None = None
    ) -> Iterator[str | Reply]:
        span = span or current_span()
        with reported(span):
            return reusing(self.node.stream_chat(self._request(messages, options)), span)

    def _apieces(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> AsyncIterator[str | Reply]:
        return beside(self._source.thread, partial(self._pieces, messages, options, current_span()))

    async def _areply(self, messages: Sequence[ChatMessage], options: Mapping[str, Any]) -> Reply:
        return last_of(iter([piece async for piece in self._apieces(messages, options)]))

    def _request(self, messages: Sequence[ChatMessage], options: Mapping[str, Any]) -> ChatRequest:
        checked_names(options, _KNOWN)
        checked_model(options.get("model"), self.node.name, "JarvisLLM")
        said = options.get("concepts")
        ids = meant(messages) if said is None else said
        return chat_request(
            conversation(messages, self.policy),
            {**options, "concepts": ids},
            {name: getattr(self, name) for name in DEFAULTS},
            [_tool(tool) for tool in options.get("tools") or ()],
            options.get("stop", self.stop),
        )


def _tool(tool: Any) -> Tool:
    listed = tool.metadata.to_openai_tool(skip_length_check=True) if isinstance(tool, BaseTool) else tool
    return function_tool(listed, tool)
