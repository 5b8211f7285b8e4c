"""Answers questions from contexts: one by one, piece by piece, or several at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import torch

from jarvis_memory.kv import Context, Inputs, Prefix, compose
from jarvis_retrievers.errors import FingerprintError, SettingError

from .batch import BatchRunner
from .decoding import greedy, text_pieces
from .generation import Generation
from .parts import Parts
from .query import Query

__all__ = ["Answerer"]


class Answerer:
    """Decodes greedily: the most likely token, always. :class:`VLM` says what may be raised."""

    def __init__(self, parts: Parts) -> None:
        self._runner, self._layout, self._encoder = parts.runner, parts.layout, parts.encoder
        self._stop_ids, self._grammar = parts.stop_ids, parts.grammar

    def answer(self, prefix: Prefix, query: Query) -> Generation:
        """One answer."""
        began = time.perf_counter()
        memory, asked = self._prepare(prefix, query)
        ids: list[int] = []
        first = began
        for token in self._greedy(memory, asked, query, began):
            if not ids:
                first = time.perf_counter()
            ids.append(token)
        return self._told(memory, asked, ids, first - began, time.perf_counter() - began)

    def answer_all(self, prefix: Prefix, queries: Sequence[Query], at_once: int) -> list[Generation]:
        """One answer each, ``at_once`` computed together.

        Raises:
            SettingError: ``at_once`` is less than 1.
        """
        if at_once < 1:
            raise SettingError(f"batch_size is at least 1, got {at_once}.")
        lots = [queries[at : at + at_once] for at in range(0, len(queries), at_once)]
        return [answer for lot in lots for answer in self.answer_many(prefix, lot)]

    def answer_many(self, prefix: Prefix, queries: Sequence[Query]) -> list[Generation]:
        """One answer each, all computed together."""
        if self._runner.reach.segments == 0 or any(query.schema is not None for query in queries):
            return [self.answer(prefix, query) for query in queries]
        began = time.perf_counter()
        ready = [self._prepare(prefix, query) for query in queries]
        most = [query.max_new_tokens for query in queries]
        wanted = [_going_on(query, began) for query in queries]
        told, first = BatchRunner(self._runner, self._stop_ids).run(ready, most, wanted)
        seconds = time.perf_counter() - began
        return [
            self._told(memory, asked, ids, first - began, seconds)
            for (memory, asked), ids in zip(ready, told, strict=True)
        ]

    def pieces(self, prefix: Prefix, query: Query) -> Iterator[str]:
        """The text of an answer, piece by piece; input is checked at once."""
        return (piece for piece in self.telling(prefix, query) if isinstance(piece, str))

    def telling(self, prefix: Prefix, query: Query) -> Iterator[str | Generation]:
        """The same, and the whole answer at last."""
        began = time.perf_counter()
        memory, asked = self._prepare(prefix, query)

        def pieces() -> Iterator[str | Generation]:
            ids: list[int] = []
            first = [began]
            with closing(self._greedy(memory, asked, query, began)) as tokens:
                yield from text_pieces(_noted(tokens, ids, first), self._encoder.decode)
            yield self._told(memory, asked, ids, first[0] - began, time.perf_counter() - began)

        return pieces()

    def first_logits(self, prefix: Prefix, query: Query) -> torch.Tensor:
        """(vocabulary,) float32 logits of the first token."""
        memory, asked = self._prepare(prefix, query)
        cache, inputs, start = self._runner.begin(memory, asked, 0)
        return self._runner.run(inputs, start, cache)

    def width(self, query: Query) -> int:
        """Positions that the question of a query takes; the vision tower does not run."""
        block = self._layout.question(query.question, query.images, query.history)
        return int(self._runner.places(block).max()) + 1

    def _prepare(self, prefix: Prefix, query: Query) -> tuple[Context, Inputs]:
        """The memory and the question of a query, once they are known to go together."""
        if query.max_new_tokens < 1:
            raise SettingError(f"max_new_tokens is at least 1, got {query.max_new_tokens}.")
        memory = self._nobody(prefix) if query.context is None else query.context
        if memory.fingerprint != prefix.fingerprint:
            raise FingerprintError(
                f"This context has the fingerprint {memory.fingerprint[:12]}, "
                f"the model has {prefix.fingerprint[:12]}; make it again from the sources of its concepts."
            )
        asked = self._runner.inputs(self._layout.question(query.question, query.images, query.history))
        self._runner.check_room(
            memory.next_position + asked.width + query.max_new_tokens,
            f"The context ({memory.next_position}), the question ({asked.width}) "
            f"and the answer ({query.max_new_tokens}) together",
        )
        return memory, asked

    def _nobody(self, prefix: Prefix) -> Context:
        """The prefix alone."""
        bare = compose(prefix, ())
        if self._runner.reach.segments == 0:
            return replace(bare, reused=0, inputs=prefix.inputs)
        return bare

    def _greedy(
        self, memory: Context, asked: Inputs, query: Query, began: float
    ) -> Generator[int, None, None]:
        guide = None if query.schema is None else self._grammar.guide(query.schema)
        most = query.max_new_tokens
        cache, inputs, start = self._runner.begin(memory, asked, most)
        wanted = _going_on(query, began)
        return greedy(self._runner, cache, inputs, start, self._stop_ids, most, guide, wanted)

    def _told(
        self, memory: Context, asked: Inputs, ids: Sequence[int], first: float, seconds: float
    ) -> Generation:
        return Generation(
            text=self._encoder.decode(list(ids)),
            token_ids=tuple(ids),
            prompt_tokens=memory.computed + asked.tokens,
            reused_tokens=memory.reused,
            generated_tokens=len(ids),
            ttft_seconds=first,
            seconds=seconds,
        )


def _going_on(query: Query, began: float) -> Callable[[], bool] | None:
    wanted = query.wanted
    return None if wanted is None else lambda: wanted(time.perf_counter() - began)


def _noted(tokens: Iterable[int], ids: list[int], first: list[float]) -> Iterator[int]:
    """Tokens as they come, written down, and when the first came."""
    for token in tokens:
        if not ids:
            first[0] = time.perf_counter()
        ids.append(token)
        yield token
