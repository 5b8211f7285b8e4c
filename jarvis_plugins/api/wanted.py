"""What a request of OpenAI's chat completions wants, read from its JSON; nothing is silently left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jarvis_memory.chat import ChatRequest, Tool
from jarvis_plugins.common.options import chat_request, function_tool
from jarvis_retrievers.errors import InputError, JarvisError
from jarvis_retrievers.sources import ImagePolicy

from .bounds import Bounds
from .conversation import conversation
from .pictures import Pictures
from .refusal import Refusal

__all__ = ["Wanted"]

# What other models do, beside the values with which it makes no difference.
_ABSENT: Final[dict[str, tuple[Any, ...]]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (),
    "logit_bias": ({},),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "functions": (),
    "function_call": (),
    "reasoning_effort": (),
    "verbosity": (),
    "web_search_options": (),
    "store": (False,),
    "metadata": ({},),
    "service_tier": ("auto", "default"),
}
# Hints about caches and clients: whose memory it is only the token says.
_HINTS: Final = frozenset({"user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"})
_STOPS: Final = 16
_TEXT: Final = 4096


class _StreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    include_usage: bool = False
    # Padding against those who measure the length of packets.
    include_obfuscation: Literal[False] | None = None


class _Body(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    model: Annotated[str, Field(min_length=1, max_length=512)]
    messages: Annotated[list[Any], Field(min_length=1)]
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    # As far as a generator of torch takes it.
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: Any = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    response_format: Any = None
    concepts: list[str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A request whose form is right; its messages are not looked into yet.

    Attributes:
        model: which one is asked for.
        stream: whether the answer is wanted piece by piece.
        include_usage: whether a stream ends with the usage.
        one_call: whether an answer may call one tool only.
        body: the JSON that it was read from.
        fields: the rest.
    """

    model: str
    stream: bool
    include_usage: bool
    one_call: bool
    body: bytes
    fields: _Body

    @classmethod
    def read(cls, body: bytes, bounds: Bounds) -> Self:
        """A request from its JSON.

        Raises:
            Refusal: it is none, or wants what is not there.
        """
        try:
            # JSON as pydantic reads it: a bound on depth, no NaN, no half surrogates.
            fields = _Body.model_validate_json(body, strict=True)
        except ValidationError as error:
            raise _of(error) from error
        for name, value in (fields.model_extra or {}).items():
            if name in _HINTS or value is None:
                continue
            if name not in _ABSENT:
                raise Refusal(400, f"there is no parameter {name[:60]!r}; leave it out", param=name[:60])
            # Without the types, False would be 0.
            if not any(value == one and type(value) is type(one) for one in _ABSENT[name]) and not (
                name.endswith("_penalty") and value == 0.0 and type(value) is float
            ):
                raise Refusal(
                    400,
                    f"{name} is not supported here; leave it out",
                    param=name,
                    code="unsupported_parameter",
                )
        for name in ("messages", "tools"):
            there, most = len(getattr(fields, name) or ()), getattr(bounds, name)
            if there > most:
                raise Refusal(
                    400, f"{name} has {there} entries, at most {most} are read; send fewer", param=name
                )
        options, stream = fields.stream_options, bool(fields.stream)
        if options is not None and not stream:
            raise Refusal(400, "stream_options go with stream only; leave them out", param="stream_options")
        usage = options is not None and options.include_usage
        return cls(fields.model, stream, usage, fields.parallel_tool_calls is False, body, fields)

    @property
    def has_pictures(self) -> bool:
        """Whether `request` has any to decode or to fetch."""
        contents = [one.get("content") for one in self.fields.messages if isinstance(one, Mapping)]
        parts = [part for content in contents if isinstance(content, list) for part in content]
        return any(isinstance(part, Mapping) and part.get("type") == "image_url" for part in parts)

    def request(self, policy: ImagePolicy, bounds: Bounds) -> ChatRequest:
        """What a node is asked; pictures are decoded, or fetched where the policy allows it.

        Raises:
            Refusal: messages, tools or options that cannot be used.
        """
        fields = self.fields
        most = fields.max_completion_tokens or fields.max_tokens or bounds.default_tokens
        if most > bounds.answer_tokens:
            raise Refusal(
                400,
                f"an answer may have {bounds.answer_tokens} tokens at most, got {most}; ask for fewer",
                param="max_completion_tokens",
            )
        messages = conversation(fields.messages, Pictures(policy, bounds))
        options = {
            name: getattr(fields, name)
            for name in ("temperature", "top_p", "seed", "tool_choice", "response_format", "concepts")
        }
        options["max_tokens"] = most
        defaults = {"temperature": 0.0, "top_p": 1.0, "seed": None, "timeout": bounds.seconds}
        tools = [_tool(tool, n) for n, tool in enumerate(fields.tools or ())]
        try:
            return chat_request(messages, options, defaults, tools, _stops(fields.stop))
        except InputError as error:
            raise Refusal(400, str(error)) from error


def _tool(listed: Any, number: int) -> Tool:
    param = f"tools.{number}"
    if not isinstance(listed, Mapping) or listed.get("type") != "function":
        raise Refusal(400, "a tool is of type function; others are not run here", param=param)
    try:
        tool = function_tool(listed, listed)
    except JarvisError as error:
        raise Refusal(400, str(error), param=param) from error
    if not tool.name or not isinstance(tool.parameters, Mapping):
        raise Refusal(400, "a tool has a name, and its parameters are a JSON schema", param=param)
    return tool


def _stops(given: Any) -> tuple[str, ...]:
    stops = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(stops, list) or not all(
        isinstance(one, str) and 0 < len(one) <= _TEXT for one in stops
    ):
        raise Refusal(400, "stop is a text, or a list of texts that are not empty", param="stop")
    if len(stops) > _STOPS:
        raise Refusal(400, f"at most {_STOPS} texts may stop an answer, got {len(stops)}", param="stop")
    return tuple(stops)


def _of(error: ValidationError) -> Refusal:
    # Never what was given: the log and proxies need not have it.
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    param = ".".join(str(part)[:60] for part in first["loc"][:4]) or None
    what = f"{param}: " if param else "the body is no JSON object that can be read: "
    return Refusal(400, f"{what}{first['msg'][:300]}", param=param)
