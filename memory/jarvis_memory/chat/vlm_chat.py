"""Conversations with a vision-language model."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Hashable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import torch

from jarvis_memory.kv import Inputs, Prefix
from jarvis_memory.kv.cache import roomy_cache
from jarvis_memory.vlm import MEMORY_INSTRUCTION, VLM
from jarvis_memory.vlm.runner import Runner
from jarvis_retrievers.errors import InputError

from .asked import Asked, Recalled
from .calls import CallSyntax, read_syntax
from .node import Abilities
from .prompt import Prompt, make_prompt
from .reading import Reader
from .reply import Reply
from .request import ChatRequest
from .sessions import Sessions, shared
from .steering import Steering
from .telling import Told, checked_syntax, last_of, told
from .template import ChatTemplate

__all__ = ["ChatVLM"]

_HEADS: Final = 4


@dataclass(slots=True, eq=False)
class _Run:
    """An answer under way: the cache, what is computed next, what its rows are, and how many are complete."""

    cache: Any
    inputs: Inputs
    at: int
    labels: tuple[Hashable, ...]
    reused: int
    rows: int = 0


class ChatVLM:
    """Conversations with a vision-language model: several turns, images, tools, and concepts by segments.

    The segments stand before what the user says first, behind the system's text and the tools, moved to where
    that ends. What was computed for earlier turns is taken from the sessions as far as it is the same.

    Threads may share it.

    Args:
        vlm: the model.
        sessions: keeps the rows of earlier turns; by default its own, of `SESSION_BYTES`.
    """

    def __init__(self, vlm: VLM, sessions: Sessions | None = None) -> None:
        self.vlm = vlm
        self.sessions = Sessions() if sessions is None else sessions
        self._parts = vlm.parts
        self._template = ChatTemplate(vlm.parts.processor, vlm.parts.encoder)
        self._break = tuple(vlm.parts.encoder.encode("\n"))
        self._heads: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The id of the model."""
        return self.vlm.name

    @cached_property
    def syntax(self) -> CallSyntax | None:
        """How the model writes calls; None if its template knows no tools, or no calls in JSON."""
        return read_syntax(self._template, self._parts.encoder)

    @property
    def abilities(self) -> Abilities:
        """What it can do."""
        return Abilities(self.vlm.window, self.syntax is not None, self._parts.grammar.ready)

    def chat(self, request: ChatRequest) -> Reply:
        """Answer; see :meth:`stream_chat`."""
        return last_of(self.stream_chat(request))

    def stream_chat(self, request: ChatRequest) -> Iterator[str | Reply]:
        """The text piece by piece, and then the reply. Input is checked at once; closing it stops the work.

        Raises:
            InputError: a control token in a tool, or an image in a system message.
            ImageError: an image cannot be used.
            UnsupportedModelError: the model's template cannot write the conversation, or knows no tools.
            WindowError: conversation and answer are together longer than the window.
            ExtraError: a schema, or a call that must be made, and xgrammar is not installed.
            SettingError: no answer can follow the schema.
            DeadlineError: it took too long.
        """
        return self.say(self.read(request))

    def read(self, request: ChatRequest, *, remembering: bool = False) -> Asked:
        """A request as tokens; ``remembering``: with the memory instruction, so that segments may follow."""
        if request.concepts and not remembering:
            raise InputError(
                f"concepts are asked for ({len(request.concepts)} ids), but {self.name!r} runs without a "
                "memory; give it one"
            )
        if request.offered:
            checked_syntax(self.syntax, self.name)
        lead = MEMORY_INSTRUCTION if remembering else ""
        written = self._template.write(request.messages, request.offered, lead)
        prompt = partial(
            make_prompt,
            runner=self._parts.runner,
            images=self._parts.images,
            tokens=self._parts.tokens,
            line_break=self._break,
        )
        plain = remembering and written.head == self.vlm.prefix.token_ids
        return Asked(request, prompt([written.head]), prompt(written.body), plain)

    def room(self, asked: Asked) -> int:
        """How many positions are left for concepts."""
        taken = asked.head.width + asked.body.width + asked.request.max_new_tokens
        return self.vlm.window - taken

    def say(
        self, asked: Asked, recalled: Recalled | None = None, told_of: Told | None = None
    ) -> Iterator[str | Reply]:
        """Answer a request that was read, from segments if there are some."""
        began, request, parts = time.perf_counter(), asked.request, self._parts
        recalled = recalled if recalled is not None and recalled.segments else None
        before = asked.head.width + (recalled.width if recalled else 0)
        parts.runner.check_room(
            before + asked.body.width + request.max_new_tokens,
            f"What stands before the conversation ({before}), the conversation ({asked.body.width}) and the "
            f"answer ({request.max_new_tokens}) together",
        )
        syntax = self.syntax if request.offered else None
        steering = Steering(request, parts.grammar, parts.encoder, syntax, parts.turn_end)
        names = [tool.name for tool in request.offered]
        reader = Reader(parts.encoder.decode, parts.stop_ids, request.stop, syntax, names)
        return self._pieces(asked, recalled, steering, reader, told_of or Told(), began)

    def _pieces(
        self,
        asked: Asked,
        recalled: Recalled | None,
        steering: Steering,
        reader: Reader,
        told_of: Told,
        began: float,
    ) -> Generator[str | Reply]:
        run = self._begin(asked, recalled)
        prompt, first = len(run.labels), began
        with closing(self._tokens(run, steering, asked.request, began)) as tokens:
            for token in tokens:
                if not reader.tokens:
                    first = time.perf_counter()
                piece = reader.feed(token)
                if piece:
                    yield piece
                if reader.done:
                    break
        yield from told(
            reader,
            told_of,
            prompt_tokens=prompt,
            reused_tokens=run.reused,
            ttft=first - began,
            seconds=time.perf_counter() - began,
        )

    def _tokens(self, run: _Run, steering: Steering, request: ChatRequest, began: float) -> Generator[int]:
        runner, said = self._parts.runner, list[int]()
        try:
            while len(said) < request.max_new_tokens:
                if request.is_late(time.perf_counter() - began):
                    raise request.late(len(said))
                logits = runner.run(run.inputs, run.at, run.cache)
                run.rows = int(run.cache.get_seq_length())
                run.at += run.inputs.width
                said.append(steering.next(logits))
                yield said[-1]
                run.inputs = runner.token(said[-1])
        finally:
            self._keep(run, said)

    def _keep(self, run: _Run, said: Sequence[int]) -> None:
        # After an error some layers may have more rows than others; and what was said last has no row yet.
        if self.vlm.reach.segments != 0 and 0 < run.rows == int(run.cache.get_seq_length()):
            self.sessions.keep((*run.labels, *said)[: run.rows], *Runner.rows(run.cache, 0))

    def _begin(self, asked: Asked, recalled: Recalled | None) -> _Run:
        """The cache, and what is computed behind it."""
        head, body, most = asked.head, asked.body, asked.request.max_new_tokens
        remembered = () if recalled is None else ((recalled.label, at) for at in range(recalled.tokens))
        labels = (*head.labels, *remembered, *body.labels)
        ahead = head.tokens + (recalled.tokens if recalled else 0)
        runner = self._parts.runner
        # The last token is always computed: what follows it is what is asked for.
        keys, values = self._known(labels[:-1], asked.plain)
        rows = keys.shape[2]
        if recalled is not None and rows < ahead:
            stand, known = self._stand(asked)
            context = recalled.make(stand)
            # A head that is computed for this answer did not come from anywhere.
            reused = context.reused if known else max(0, context.reused - head.tokens)
            cache, inputs, at = runner.begin(context, body.inputs(runner), most)
            return _Run(cache, inputs, at, labels, reused)
        if recalled is not None:
            inputs, at = body.inputs(runner, rows - ahead), head.width + recalled.width
        else:
            at = 0 if rows < ahead else head.width
            skip = rows if rows < ahead else rows - ahead
            first = head.inputs(runner, skip) if rows < ahead else None
            inputs = self._behind(first, head, body.inputs(runner)) if first else body.inputs(runner, skip)
        if self.vlm.reach.segments == 0:
            from transformers import DynamicCache

            cache = DynamicCache(config=self._parts.runner.config)
        else:
            cache = roomy_cache(keys, values, inputs.tokens + most)
        return _Run(cache, inputs, at, labels, rows)

    @staticmethod
    def _behind(first: Inputs, head: Prompt, rest: Inputs) -> Inputs:
        """What is left of the head, and the body at the positions behind it."""
        return Inputs(
            first.token_ids + rest.token_ids,
            torch.cat([first.positions, rest.positions + head.width], dim=1),
            rest.features,
        )

    def _known(self, labels: Sequence[Hashable], plain: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows that the beginning of a conversation has already: of the prefix, or of an earlier turn."""
        blank = self._parts.runner.blank()
        if self.vlm.reach.segments == 0:
            return blank, blank
        kept = self.sessions.longest(labels)
        if plain:
            prefix = self.vlm.prefix
            rows = shared(prefix.token_ids, labels)
            if kept is None or kept[0].shape[2] < rows:
                return prefix.keys[:, :, :rows], prefix.values[:, :, :rows]
        return kept or (blank, blank)

    def _stand(self, asked: Asked) -> tuple[Prefix | None, bool]:
        """What stands in the prefix's place, and whether it was there already."""
        if asked.plain:
            return None, True
        ids = asked.head.token_ids
        with self._lock:
            known = self._heads.get(ids)
            if known is not None:
                self._heads.move_to_end(ids)
                return known, True
        made = self.vlm.head(ids)
        with self._lock:
            self._heads[ids] = made
            while len(self._heads) > _HEADS:
                self._heads.popitem(last=False)
        return made, False
