"""`ChatJarvis`: a local vision-language model, with or without a memory, as a LangChain chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, Field, PrivateAttr

from jarvis_memory.beside import beside
from jarvis_memory.chat import ChatNode, ChatRequest, Reply, Sampling
from jarvis_memory.memory import PersonalMemory
from jarvis_plugins.common.node_source import NodeSource
from jarvis_plugins.common.options import DEFAULTS, chat_request, checked_model, checked_names, choice_of
from jarvis_retrievers.sources import ImagePolicy

from .chat_errors import as_langchain
from .chat_messages import conversation, last_chunk, message_of
from .chat_options import tool_of
from .chat_structured import structured

__all__ = ["ChatJarvis"]


class ChatJarvis(BaseChatModel):
    """A local vision-language model: images, tools, structured output, streaming, and what a memory holds.

    ::

        model = ChatJarvis(memory=PersonalMemory.open("~/.jarvis", owner="ana"))
        model.invoke("What hangs on Bo's collar?").content
        agent = create_agent(model, tools)

    With a memory, the concepts that the conversation is about are found for each call, and answered from
    their segments; ``concepts`` (ids, as an option of the call or in an agent's ``model_settings``) says
    which ones instead, and ``[]`` none. ``usage_metadata`` counts as ``cache_read`` what was not computed.

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
        self._source = NodeSource(self.model, self.memory, given=given, adapter="ChatJarvis")
        if self.memory is not None and self.cache is None:
            # A cache of answers knows nothing of what a memory learns, forgets, and whose it is.
            self.cache = False
        Sampling(self.temperature, self.top_p, self.seed)

    @property
    def node(self) -> ChatNode:
        """What answers; loaded when first needed."""
        return self._source.node

    def bind_tools(
        self,
        tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | bool | Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same with tools, one of which ``tool_choice`` may demand: "any", or its name.

        Raises:
            SettingError: what is no tool, or no such choice.
        """
        with as_langchain():
            listed = [tool_of(tool) for tool in tools]
            choice = choice_of(tool_choice)
        functions = [
            {"name": one.name, "description": one.description, "parameters": dict(one.parameters)}
            for one in listed
        ]
        offered = [{"type": "function", "function": function} for function in functions]
        # What other models know, and what makes no difference here.
        kwargs = {key: value for key, value in kwargs.items() if key not in ("strict", "parallel_tool_calls")}
        return self.bind(tools=offered, tool_choice=choice, **kwargs)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """The same with answers that follow a schema, token by token.

        Args:
            schema: a pydantic class, a TypedDict, or a JSON schema.
            include_raw: give ``{"raw", "parsed", "parsing_error"}`` instead of the parsed value.
            kwargs: ``method`` and ``strict`` as other models take them; there is one way here.
        """
        return structured(self, schema, include_raw=include_raw, options=kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with as_langchain():
            node = self.node
            reply = node.chat(self._request(messages, stop, kwargs))
        return ChatResult(generations=[ChatGeneration(message=message_of(reply, node.name))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with as_langchain():
            async for piece in beside(self._source.thread, partial(self._pieces, messages, stop, kwargs)):
                if isinstance(piece, Reply):
                    message = message_of(piece, self.node.name)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with as_langchain():
            for piece in self._pieces(messages, stop, kwargs):
                chunk = self._chunk(piece)
                if run_manager and chunk.text:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with as_langchain():
            async for piece in beside(self._source.thread, partial(self._pieces, messages, stop, kwargs)):
                chunk = self._chunk(piece)
                if run_manager and chunk.text:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def _pieces(
        self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]
    ) -> Iterator[str | Reply]:
        return self.node.stream_chat(self._request(messages, stop, options))

    def _chunk(self, piece: str | Reply) -> ChatGenerationChunk:
        if isinstance(piece, str):
            return ChatGenerationChunk(message=AIMessageChunk(content=piece))
        return ChatGenerationChunk(message=last_chunk(piece, self.node.name))

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]
    ) -> ChatRequest:
        checked_names(name for name in options if not name.startswith("ls_"))
        checked_model(options.get("model"), self.node.name, "ChatJarvis")
        return chat_request(
            conversation(messages, self.policy),
            options,
            {name: getattr(self, name) for name in DEFAULTS},
            [tool_of(tool) for tool in options.get("tools") or ()],
            stop if stop is not None else self.stop,
        )

    @property
    def _llm_type(self) -> str:
        return "jarvis"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        """What answers depend on, besides a memory."""
        fields = ("temperature", "top_p", "seed", "max_tokens", "stop")
        return {"model": self._source.name, **{name: getattr(self, name) for name in fields}}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        found = super()._get_ls_params(stop=stop, **kwargs)
        found["ls_provider"] = "jarvis"
        found["ls_model_name"] = str(kwargs.get("model") or self._source.name)
        return found

    def _resolve_model_profile(self) -> ModelProfile | None:
        """What is known of the model without loading it, and more once it is loaded."""
        profile = ModelProfile(
            name=self._source.name,
            open_weights=True,
            text_inputs=True,
            image_inputs=True,
            image_url_inputs=self.policy.https,
            image_tool_message=True,
            text_outputs=True,
            max_output_tokens=self.max_tokens,
            structured_output=find_spec("xgrammar") is not None,
        )
        node = self._source.known
        if self.memory is None and node is not None:
            able = node.abilities
            profile["max_input_tokens"] = able.window
            profile["tool_calling"] = profile["tool_call_streaming"] = able.tools
            profile["tool_choice"] = able.tools and able.schemas
            profile["structured_output"] = able.schemas
        return profile
