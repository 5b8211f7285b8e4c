"""A model that says what it is told to, for tests of what is built on a chat model."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final

from PIL import Image

from jarvis_retrievers.errors import InputError, WindowError
from jarvis_retrievers.images import pixel_digest

from .chat.calls import CallSyntax, read_syntax
from .chat.message import Message
from .chat.node import Abilities
from .chat.reading import Reader
from .chat.reply import Reply
from .chat.request import ChatRequest
from .chat.sessions import shared
from .chat.telling import Told, checked_syntax, last_of, told
from .chat.template import ChatTemplate
from .vlm.text import TextEncoder

__all__ = ["ScriptedVLM"]

_CONTROL: Final = ("<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>")
_IMAGE_TOKENS: Final = 16
_KEPT: Final = 8

# Hermes' way of tools in ChatML, as Qwen writes it.
_TEMPLATE: Final = """\
{%- if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content[0].text }}

{% endif %}# Tools
{% for tool in tools %}
{{ tool | tojson }}
{%- endfor %}<|im_end|>
{% endif %}
{%- for message in messages %}
{%- if not (tools and loop.first and message.role == 'system') %}<|im_start|>{{ message.role }}
{% for part in message.content %}{{ part.text }}{% endfor %}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

Said = str | Message
"""A text, or a message of the assistant with calls."""


class ScriptedVLM:
    """Answers from a script, through the template, parsing and counting that real models go through.

    It is a `ChatNode`, needs no weights and no torch, and is the same every time::

        model = ScriptedVLM(["Bo is a dog.", Message("assistant", (), (ToolCall("1", "clock", {}),))])

    Each byte of a text is a token, an image is 16. Tokens of a conversation that goes on count as reused.

    Args:
        script: what it says, in order; or what makes its answer of a request.
        name: its id.
        window: how many tokens a conversation may have, with its answer.

    Attributes:
        given: the requests so far.
    """

    def __init__(
        self,
        script: Sequence[Said] | Callable[[ChatRequest], Said],
        *,
        name: str = "scripted",
        window: int = 32_768,
    ) -> None:
        self.name, self.window = name, window
        self.given: list[ChatRequest] = []
        self._script = script
        self._lock = threading.Lock()
        self._before: deque[tuple[Hashable, ...]] = deque(maxlen=_KEPT)
        tokenizer = _tokenizer()
        self._encoder = TextEncoder(tokenizer)
        self._template = ChatTemplate(tokenizer, self._encoder)
        self._end = self._encoder.encode_template("<|im_end|>")[0]
        self._syntax = checked_syntax(read_syntax(self._template, self._encoder), name)

    @property
    def abilities(self) -> Abilities:
        """What it can do: all of it, if the script says so."""
        return Abilities(self.window, tools=True, schemas=True)

    @property
    def syntax(self) -> CallSyntax:
        """How it writes calls."""
        return self._syntax

    def chat(self, request: ChatRequest) -> Reply:
        """Answer with the next of the script."""
        return last_of(self.stream_chat(request))

    def stream_chat(self, request: ChatRequest) -> Iterator[str | Reply]:
        """The same piece by piece.

        Raises:
            InputError: the script is over, or the conversation cannot be written; concepts are asked for.
            WindowError: the conversation is longer than the window.
        """
        if request.concepts:
            raise InputError(f"a script knows no concepts, got the ids {list(request.concepts)}")
        written = self._template.write(request.messages, request.offered)
        labels: list[Hashable] = list(written.head)
        for piece in written.body:
            if isinstance(piece, Image.Image):
                digest = pixel_digest(piece)
                labels += [(digest, number) for number in range(_IMAGE_TOKENS)]
            else:
                labels += piece
        if len(labels) + request.max_new_tokens > self.window:
            raise WindowError(
                f"the conversation ({len(labels)}) and the answer ({request.max_new_tokens}) together have "
                f"more tokens than the window of {self.name!r} ({self.window}); ask for less"
            )
        with self._lock:
            said = self._next(request)
            reused = max((shared(labels[:-1], before) for before in self._before), default=0)
            self.given.append(request)
        return self._pieces(request, said, tuple(labels), reused)

    def _next(self, request: ChatRequest) -> Said:
        if callable(self._script):
            return self._script(request)
        if len(self.given) >= len(self._script):
            raise InputError(f"the script is over after {len(self._script)} answers; give it more")
        return self._script[len(self.given)]

    def _pieces(
        self, request: ChatRequest, said: Said, labels: tuple[Hashable, ...], reused: int
    ) -> Iterator[str | Reply]:
        syntax = self._syntax if request.offered else None
        names = [tool.name for tool in request.offered]
        reader = Reader(self._encoder.decode, {self._end}, request.stop, syntax, names)
        tokens = [*self._written(said), self._end][: request.max_new_tokens]
        for token in tokens:
            piece = reader.feed(token)
            if piece:
                yield piece
            if reader.done:
                break
        with self._lock:
            self._before.append((*labels, *tokens[: reader.tokens]))
        yield from told(reader, Told(), prompt_tokens=len(labels), reused_tokens=reused)

    def _written(self, said: Said) -> list[int]:
        if isinstance(said, str):
            return self._encoder.encode(said)
        ids = self._encoder.encode(said.text)
        for number, call in enumerate(said.calls):
            opening, inner, closing = self._syntax.apart(call)
            ids += self._encoder.encode("\n" if number or ids else "")
            ids += [*self._encoder.encode_template(opening), *self._encoder.encode(inner)]
            ids += self._encoder.encode_template(closing)
        return ids


def _tokenizer() -> Any:
    """Bytes as tokens, and the control tokens of the template."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_tokens([AddedToken(text, special=False, normalized=False) for text in _CONTROL])
    return PreTrainedTokenizerFast(tokenizer_object=backend, chat_template=_TEMPLATE)
