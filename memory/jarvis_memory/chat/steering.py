"""Which token comes next: chosen by the model, led along a schema, or said for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from jarvis_memory.vlm.text import TextEncoder
from jarvis_retrievers.errors import UnsupportedModelError

from .calls import CallSyntax, call_schema
from .request import ChatRequest

if TYPE_CHECKING:
    import torch

    from jarvis_memory.vlm.grammar import Grammar, Guide

__all__ = ["Steering"]


class Steering:
    """Chooses the tokens of one answer.

    A demanded call is opened for the model, which then writes no more than the call itself; a call that it
    opens of its own accord is led along the tools' schemas as well, so that it can be carried out. Without
    xgrammar such calls are read as they come.

    Args:
        request: what is asked.
        grammar: compiles schemas.
        encoder: of the model's tokenizer.
        syntax: how the model writes calls; None if it cannot.
        stop_id: a token that ends an answer.

    Raises:
        UnsupportedModelError: a call is demanded, and the model's template knows none.
        ExtraError: a schema or a call is demanded, and xgrammar is not installed.
        SettingError: no answer can follow the schema.
    """

    def __init__(
        self,
        request: ChatRequest,
        grammar: Grammar,
        encoder: TextEncoder,
        syntax: CallSyntax | None,
        stop_id: int,
    ) -> None:
        self._choose: Callable[[torch.Tensor], int] = request.sampling.chooser()
        self._grammar, self._encoder, self._syntax, self._stop_id = grammar, encoder, syntax, stop_id
        self._queue: deque[int] = deque()
        self._guide: Guide | None = None
        self._call: str | None = None
        self._last = bool(request.demanded)
        self._either = False
        if request.schema is not None:
            self._guide = grammar.guide(request.schema)
            if request.offered and syntax is not None and syntax.opener_id is not None:
                self._call, self._either = call_schema(syntax, request.offered), True
        elif request.demanded:
            if syntax is None:
                raise UnsupportedModelError(
                    "the chat template of this model knows no tools, or no calls in JSON; ask without tools, "
                    "or for structured output"
                )
            self._call = call_schema(syntax, request.demanded)
            self._queue.extend(self._ids(syntax.opener + syntax.before))
            self._guide = grammar.guide(self._call)
        elif request.offered and syntax is not None and syntax.opener_id is not None and grammar.ready:
            self._call = call_schema(syntax, request.offered)
            grammar.guide(self._call)  # what is wrong with a schema is told before anything is computed

    def next(self, logits: torch.Tensor) -> int:
        """The next token; (vocabulary,) logits say what the model would say."""
        if self._queue:
            return self._queue.popleft()
        guide, opener = self._guide, None if self._syntax is None else self._syntax.opener_id
        allowed = logits if guide is None else guide.mask(logits)
        if self._either and opener is not None:  # the first token says: a call, or the answer
            allowed[opener] = logits[opener]
        token = self._choose(allowed)
        if self._call is not None and token == opener and (guide is None or self._either):
            self._open(self._call)
        elif self._either:
            self._call = None
        if self._guide is not None and guide is self._guide:
            guide.follow(token)
            if self._call is not None and guide.complete:
                self._close()
        self._either = False
        return token

    def _open(self, call: str) -> None:
        if self._syntax is not None:
            self._queue.extend(self._ids(self._syntax.before))
        self._guide = self._grammar.guide(call)

    def _close(self) -> None:
        self._guide = None
        if self._syntax is not None:
            self._queue.extend(self._ids(self._syntax.behind + self._syntax.closer))
        if self._last:
            self._queue.append(self._stop_id)

    def _ids(self, text: str) -> list[int]:
        return self._encoder.encode_template(text) if text else []
