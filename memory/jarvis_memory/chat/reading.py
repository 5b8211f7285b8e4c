"""An answer, read token by token: its text, the calls in it, and where it ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from .calls import CallSyntax
from .message import ToolCall
from .reply import BadCall

__all__ = ["Reader"]

# What a decoder writes for bytes that are not (yet) a character.
_UNFINISHED = "\ufffd"


class Reader:
    """Reads an answer token by token.

    Args:
        decode: tokens as text, without special tokens.
        stop_ids: tokens that end an answer.
        stop: texts that end it.
        syntax: how calls are written; None if no tool is offered.
        known: names of the tools.
    """

    def __init__(
        self,
        decode: Callable[[list[int]], str],
        stop_ids: Collection[int],
        stop: Sequence[str] = (),
        syntax: CallSyntax | None = None,
        known: Collection[str] = (),
    ) -> None:
        self._decode, self._stop_ids, self._stop = decode, stop_ids, tuple(stop)
        self._syntax, self._known = syntax, known
        self._ids: list[int] = []
        self._calls: list[list[int]] = []
        self._inside = False
        self._text = ""
        self._told = 0
        self.done = False
        """Whether the answer has ended of itself."""
        self.tokens = 0
        """How many tokens were read."""

    def feed(self, token: int) -> str:
        """Read the next token; returns the text that is certain by now."""
        self.tokens += 1
        syntax = self._syntax
        if token in self._stop_ids:
            self.done = True
        elif syntax is not None and syntax.opener_id == token:
            self._inside = True
            self._calls.append([])
        elif self._inside:
            if syntax is not None and token == syntax.closer_id:
                self._inside = False
            else:
                self._calls[-1].append(token)
        else:
            self._ids.append(token)
            self._text = self._decode(self._ids)
            found = [at for at in (self._text.find(stop) for stop in self._stop) if at >= 0]
            if found:
                self._text = self._text[: min(found)]
                self.done = True
            return self._certain()
        return ""

    def end(self) -> tuple[str, str, tuple[ToolCall, ...], tuple[BadCall, ...]]:
        """What is left to tell, the whole text, and the calls."""
        text, written = self._parted()
        for ids in self._calls:
            written.append(self._closed(self._decode(ids)))
        read = [self._syntax.read(one, self._known) for one in written] if self._syntax else []
        if written:
            text = text.rstrip()
        rest = text[self._told :]
        calls = tuple(one for one in read if isinstance(one, ToolCall))
        return rest, text, calls, tuple(one for one in read if isinstance(one, BadCall))

    def _certain(self) -> str:
        """Text that no later token can take back."""
        text, calls = self._parted()
        if calls:
            return ""
        end = len(text)
        if not self.done:
            patterns = self._stop
            sure = text.rstrip(_UNFINISHED)
            end = len(sure)
            if self._syntax is not None:
                patterns = (*patterns, self._syntax.opener)
                end = len(sure.rstrip())
            end = min(end, len(sure) - max((_overlap(sure, pattern) for pattern in patterns), default=0))
        # A call may follow the spaces that were told of before: none is ever told twice.
        piece = text[self._told : end] if end > self._told else ""
        self._told += len(piece)
        return piece

    def _parted(self) -> tuple[str, list[str]]:
        """The text, and the calls that are written as text."""
        syntax, text = self._syntax, self._text
        if syntax is None or syntax.opener_id is not None:
            return text, []
        if not syntax.opener:
            # Nothing says where a call begins: an answer that opens with a brace is one.
            return ("", [text]) if text.lstrip().startswith("{") else (text, [])
        plain, *calls = text.split(syntax.opener)
        return plain, [self._closed(call) for call in calls]

    def _closed(self, call: str) -> str:
        """A call up to where its closer stands, if that is no token of its own."""
        closer = self._syntax.closer if self._syntax else ""
        return call.split(closer)[0] if closer else call


def _overlap(text: str, pattern: str) -> int:
    """How much of the end of a text is the beginning of a pattern."""
    most = min(len(text), len(pattern) - 1)
    return next((n for n in range(most, 0, -1) if text.endswith(pattern[:n])), 0)
