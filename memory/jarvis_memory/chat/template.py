"""Conversations through the chat template of a model, with everything that users wrote kept out of it.

The template is rendered with a mark in place of every text and image. What stands between the marks is the
template's own and may hold control tokens; what the marks stand for is encoded as plain text. So no template
of any model has to be known here, and no message can end a turn or begin a call.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2.exceptions import TemplateError
from PIL import Image

from jarvis_memory.vlm.text import TextEncoder
from jarvis_retrievers.errors import InputError, UnsupportedModelError

from .message import Message, Tool

__all__ = ["ChatTemplate", "Piece", "Written"]

Piece = tuple[int, ...] | Image.Image
"""Tokens, or an image."""

_MARK = re.compile(r"JarvisMark(\d{6})End")


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A conversation, ready to be computed.

    Attributes:
        head: the tokens before the first content of the user: what nothing of this turn has changed.
        body: what follows, up to where the answer begins.
    """

    head: tuple[int, ...]
    body: tuple[Piece, ...]


class ChatTemplate:
    """Writes conversations as a model's own template does.

    Args:
        processor: with a chat template.
        encoder: of its tokenizer.
    """

    def __init__(self, processor: Any, encoder: TextEncoder) -> None:
        self._processor, self._encoder = processor, encoder
        texts = "".join(encoder.control_texts)
        self._signs = {sign for sign in texts if not (sign.isalnum() or sign in "_ /")}

    def write(self, messages: Sequence[Message], tools: Sequence[Tool] = (), lead: str = "") -> Written:
        """A conversation as tokens and images.

        Args:
            messages: at least one of the user.
            tools: what the template lists for the model.
            lead: words of our own, which open the system's text.

        Raises:
            InputError: an image in a system message, or a control token in a tool or the name of an argument.
            UnsupportedModelError: the template cannot write this conversation.
        """
        marks = _Marks()
        listed = [self._listed(tool) for tool in tools]
        system, others = _opened(messages)
        turns = [self._turn(message, marks) for message in _merged(others)]
        opening = [marks.put(part) for message in system for part in _texts(message)]
        whole = "\n\n".join([*([lead] if lead else []), *opening])
        if whole:
            turns.insert(0, {"role": "system", "content": [{"type": "text", "text": whole}]})
        first = next(turn for turn in turns if turn["role"] == "user")["content"][0]["text"]
        text = self._rendered(turns, listed, marks)
        calls = [turn for turn in turns if "tool_calls" in turn]
        if self._suspicious([listed, calls]):
            harmless = self._rendered(self._harmless(turns), self._harmless(listed), marks)
            if self._controls(text) != self._controls(harmless):
                raise InputError(
                    "what tools or calls say becomes a control token in the template of this model; remove "
                    "<, > and | from their names and descriptions"
                )
        return self._cut(text, marks, first)

    def rendered(self, turns: list[dict[str, Any]], tools: list[dict[str, Any]], *, open_: bool) -> str:
        """What the template makes of messages without user text; ``open_``: up to where the answer begins."""
        options = {"tools": tools} if tools else {}
        try:
            text = self._processor.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=open_, **options
            )
        except (TemplateError, TypeError, KeyError, ValueError, AttributeError) as error:
            raise UnsupportedModelError(
                f"the chat template of this model cannot write this conversation: {error}"
            ) from error
        return str(text)

    def _rendered(self, turns: list[dict[str, Any]], tools: list[dict[str, Any]], marks: _Marks) -> str:
        # Most templates of such models want lists of contents; some know plain texts only.
        for shaped in (turns, [{**turn, "content": _joined(turn["content"])} for turn in turns]):
            try:
                text = self.rendered(shaped, tools, open_=True)
            except UnsupportedModelError:
                if shaped is turns:
                    continue
                raise
            if {int(found) for found in _MARK.findall(text)} == set(range(len(marks.values))):
                return text
        raise UnsupportedModelError(
            "the chat template of this model leaves out some of this conversation; "
            "it may know no system text, tools, or results of tools"
        )

    def _cut(self, text: str, marks: _Marks, first: str) -> Written:
        pieces: list[Piece] = []
        head: tuple[int, ...] | None = None
        at = 0
        for found in _MARK.finditer(text):
            pieces.append(tuple(self._encoder.encode_template(text[at : found.start()])))
            if found[0] == first and head is None:
                head = tuple(i for piece in pieces if isinstance(piece, tuple) for i in piece)
                pieces = []
            value = marks.values[int(found[1])]
            if isinstance(value, str) and marks.quoted[int(found[1])]:
                # Within JSON it stands as JSON, outside of it as it is.
                inside = text[found.start() - 1 : found.start()] == '"' == text[found.end() : found.end() + 1]
                value = json.dumps(value, ensure_ascii=False)[1:-1] if inside else value
            pieces.append(tuple(self._encoder.encode(value)) if isinstance(value, str) else value)
            at = found.end()
        pieces.append(tuple(self._encoder.encode_template(text[at:])))
        return Written(head or (), tuple(piece for piece in pieces if piece != ()))

    def _turn(self, message: Message, marks: _Marks) -> dict[str, Any]:
        parts = [part for part in message.content if not isinstance(part, str) or part]
        if message.role == "user" and not parts:
            raise InputError("a message of the user is empty; give it a text or an image")
        turn: dict[str, Any] = {
            "role": message.role,
            "content": [{"type": "text", "text": marks.put(part)} for part in parts],
        }
        if message.calls:
            turn["tool_calls"] = [
                {
                    "type": "function",
                    "id": self._plain(call.id, "the id of a call"),
                    "function": {
                        "name": self._plain(call.name, "the name of a tool"),
                        "arguments": self._marked(call.arguments, marks),
                    },
                }
                for call in message.calls
            ]
        if message.call_id is not None:
            turn["tool_call_id"] = self._plain(message.call_id, "the id of a call")
        return turn

    def _listed(self, tool: Tool) -> dict[str, Any]:
        function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
        self._plain(json.dumps(function, ensure_ascii=False), f"the tool {tool.name!r}")
        return {"type": "function", "function": function}

    def _marked(self, value: Any, marks: _Marks) -> Any:
        if isinstance(value, str):
            return marks.put(value, quoted=True) if value else value
        if isinstance(value, Mapping):
            return {
                self._plain(str(key), "the name of an argument"): self._marked(one, marks)
                for key, one in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._marked(one, marks) for one in value]
        return value

    def _suspicious(self, value: Any) -> bool:
        return bool(self._harmless(value) != value)

    def _harmless(self, value: Any) -> Any:
        """The same with no sign of a control token; a normaliser may make such signs, too."""
        if isinstance(value, str):
            plain = (unicodedata.normalize("NFKC", letter) for letter in value)
            return "".join(
                "." if self._signs & set(made) else one for one, made in zip(value, plain, strict=True)
            )
        if isinstance(value, Mapping):
            return {self._harmless(key): self._harmless(one) for key, one in value.items()}
        return [self._harmless(one) for one in value] if isinstance(value, (list, tuple)) else value

    def _controls(self, text: str) -> Counter[int]:
        """Control tokens of what the template itself prints; between marks nothing is joined."""
        rows = (self._encoder.encode_template(piece) for piece in _MARK.split(text)[::2])
        return Counter(i for row in rows for i in row if i in self._encoder.control_ids)

    def _plain(self, text: str, what: str) -> str:
        """Text that goes through the template as it is, once nothing in it can become a control token."""
        for control in self._encoder.control_texts:
            if control in text:
                raise InputError(f"{what} holds the control token {control!r}; remove it")
        if _MARK.search(text):
            raise InputError(f"{what} holds {_MARK.search(text)}, which is kept for our own use; rename it")
        return text


class _Marks:
    """What stands for what in the template."""

    def __init__(self) -> None:
        self.values: list[str | Image.Image] = []
        self.quoted: list[bool] = []

    def put(self, value: str | Image.Image, *, quoted: bool = False) -> str:
        self.values.append(value)
        self.quoted.append(quoted)
        return f"JarvisMark{len(self.values) - 1:06d}End"


def _opened(messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    """The system's messages that open a conversation, which are one for a template, and the others."""
    count = next((at for at, message in enumerate(messages) if message.role != "system"), len(messages))
    return list(messages[:count]), list(messages[count:])


def _merged(messages: Iterable[Message]) -> list[Message]:
    """Messages of the user that follow each other as one: many templates want roles to alternate."""
    merged: list[Message] = []
    for message in messages:
        if merged and message.role == "user" == merged[-1].role:
            merged[-1] = Message("user", (*merged[-1].content, "\n", *message.content))
        else:
            merged.append(message)
    return merged


def _texts(message: Message) -> list[str]:
    if message.images:
        raise InputError("a system message is text, got an image; show images in a message of the user")
    return [part for part in message.content if isinstance(part, str) and part]


def _joined(content: list[dict[str, str]]) -> str:
    return "".join(part["text"] for part in content)
