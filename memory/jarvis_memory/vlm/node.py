"""The vision-language model of this project."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import torch
from PIL import Image

from jarvis_memory.kv import Context, Mode, Prefix, Segment, compose
from jarvis_retrievers.errors import FingerprintError, SettingError

from .block import Block
from .concepts import ConceptEncoder
from .decoding import greedy, text_pieces
from .families import choose_family
from .fingerprint import model_fingerprint
from .generation import Generation
from .images import ImageEncoder
from .layout import Layout, Turn
from .loading import load_model
from .runner import Runner
from .settings import ImageSettings
from .source import SegmentSource
from .template import read_frame
from .text import TextEncoder

__all__ = ["VLM"]


class VLM:
    """A vision-language model that encodes concepts once, and answers from their stored caches.

    Threads may share one: nothing is left on the model between calls, and no given tensor is written to.
    Change its weights only before the first call: the fingerprint is taken once.

    Args:
        model: A transformers model of a supported family. It is put into evaluation mode.
        processor: Its processor, with a fast tokenizer and a chat template.
        name: The id of the model; part of the fingerprint.
        settings: How large images are made.
        revision: The revision of its repository, where it came from one.

    Raises:
        UnsupportedModelError: Its segments could not be moved, or its processor lacks something.
        SettingError: ``settings`` do not fit its image processor.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        name: str,
        *,
        settings: ImageSettings | None = None,
        revision: str | None = None,
    ) -> None:
        self.name = name
        self.revision = revision
        self.settings = settings or ImageSettings()
        self._model = model.eval()
        self._processor = processor
        self._family = choose_family(model.config)
        self._encoder = TextEncoder(processor.tokenizer)
        self._frame = read_frame(processor, self._encoder)
        self._layout = Layout(
            self._encoder,
            self._frame,
            self._family.image_tokens(model.config),
            ImageEncoder(processor.image_processor, self.settings),
        )
        self._runner = Runner(model, self._family, name)
        self._concepts = ConceptEncoder(self._layout, self._runner)
        self._stop_ids = self._stops()
        self._lock = threading.RLock()
        self._fingerprint: str | None = None
        self._prefix: Prefix | None = None

    @classmethod
    def load(
        cls,
        name: str = "pocket",
        *,
        device: str | None = None,
        dtype: torch.dtype | None = None,
        revision: str | None = None,
    ) -> VLM:
        """Load ``"pocket"`` from the package, a folder, or an id on the hub; see :func:`load_model`."""
        loaded = load_model(name, device=device, dtype=dtype, revision=revision)
        return cls(
            loaded.model, loaded.processor, loaded.name, settings=loaded.settings, revision=loaded.revision
        )

    @property
    def patch_side(self) -> int:
        """Side in pixels of the square that a patch is resized to before it is encoded."""
        return self.settings.patch_side

    @property
    def window(self) -> int:
        """The largest number of positions of context, question and answer together."""
        return self._runner.window

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that a segment of this model depends on, taken on first use."""
        with self._lock:
            if self._fingerprint is None:
                self._fingerprint = model_fingerprint(
                    self._model,
                    self._processor,
                    name=self.name,
                    revision=self.revision,
                    tokenizer_state=self._encoder.state,
                    prefix_ids=self._frame.prefix,
                    patch_side=self.patch_side,
                )
            return self._fingerprint

    @property
    def prefix(self) -> Prefix:
        """The cache that all segments stand behind. Encoded on first use, and then kept."""
        with self._lock:
            if self._prefix is None:
                inv_freq = self._family.inv_freq(self._model).float()
                self._prefix = self._concepts.prefix(self.fingerprint, inv_freq)
            return self._prefix

    def encode_segment(self, source: SegmentSource) -> Segment:
        """Encode a concept behind the prefix: once, for all questions to come.

        Raises:
            InputError: There is neither profile nor patch, or a text or image cannot be used.
            ContextError: It is longer than the window.
        """
        return self._concepts.segment(self.prefix, source)

    def extend_segment(self, segment: Segment, name: str, patches: Sequence[Image.Image]) -> Segment:
        """Append patches to a segment without encoding it again. Exact, by causality.

        Args:
            segment: Of this model.
            name: The canonical name, written before and after every patch.
            patches: Crops; they come behind those that are there.

        Raises:
            FingerprintError: Another model made the segment.
            ImageError: A patch cannot be used.
            ContextError: It would be longer than the window.
        """
        return self._concepts.extend(self.prefix, segment, name, patches)

    def context(self, items: Sequence[SegmentSource | Segment], mode: Mode = Mode.COMPOSE) -> Context:
        """Make a context of several concepts, in the order in which the model shall read them.

        Args:
            items: Segments, or sources. In ``compose`` mode sources are encoded first; put the most important
                concept first, it is lossless. In ``exact`` mode only sources can be used, as a segment has no
                photos any more.
            mode: See :class:`Mode`.

        Raises:
            ContextError: It is longer than the window, or a segment was given in ``exact`` mode.
            SettingError: There is no such mode.
            FingerprintError: Another model made a segment.
        """
        if Mode(mode) is Mode.EXACT:
            return self._concepts.exact(self.fingerprint, items)
        segments, fresh = [], 0
        for item in items:
            segment = item if isinstance(item, Segment) else self.encode_segment(item)
            fresh += 0 if segment is item else segment.tokens
            segments.append(segment)
        context = compose(self.prefix, segments)
        self._runner.check_room(context.next_position, "The context")
        return replace(context, reused=context.reused - fresh)

    def generate(
        self,
        context: Context | None,
        question: str,
        images: Sequence[Image.Image] = (),
        max_new_tokens: int = 64,
        *,
        history: Sequence[Turn] = (),
    ) -> Generation:
        """Answer a question, always with the most likely token: the same call has the same answer.

        Args:
            context: Of this model; ``None`` is no memory, the prefix alone.
            question: What is asked.
            images: What the question shows, before its text.
            max_new_tokens: The most tokens of the answer.
            history: Earlier questions and their answers, oldest first; they come behind the images.

        Raises:
            InputError: The question is blank.
            UnsupportedModelError: There is a history, and the model's template does not print such.
            ImageError: An image cannot be used.
            SettingError: ``max_new_tokens`` is less than 1.
            FingerprintError: Another model made the context.
            ContextError: Context, question and answer are together longer than the window.
        """
        began = time.perf_counter()
        memory, block = self._prepare(context, question, images, history, max_new_tokens)
        ids: list[int] = []
        first = began
        for token in self._greedy(memory, block, max_new_tokens):
            if not ids:
                first = time.perf_counter()
            ids.append(token)
        return Generation(
            text=self._encoder.decode(ids),
            token_ids=tuple(ids),
            prompt_tokens=memory.computed + len(block.token_ids),
            reused_tokens=memory.reused,
            generated_tokens=len(ids),
            ttft_seconds=first - began,
            seconds=time.perf_counter() - began,
        )

    def stream(
        self,
        context: Context | None,
        question: str,
        images: Sequence[Image.Image] = (),
        max_new_tokens: int = 64,
        *,
        history: Sequence[Turn] = (),
    ) -> Iterator[str]:
        """The text of :meth:`generate`, piece by piece, never half a character. Closing it stops the work.

        Input is checked at once, not with the first piece; arguments and errors are those of
        :meth:`generate`.
        """
        memory, block = self._prepare(context, question, images, history, max_new_tokens)

        def pieces() -> Iterator[str]:
            with closing(self._greedy(memory, block, max_new_tokens)) as tokens:
                yield from text_pieces(tokens, self._encoder.decode)

        return pieces()

    def first_logits(
        self,
        context: Context | None,
        question: str,
        images: Sequence[Image.Image] = (),
        *,
        history: Sequence[Turn] = (),
    ) -> torch.Tensor:
        """(vocabulary,) float32 logits of the first token of the answer; see :meth:`generate`."""
        memory, block = self._prepare(context, question, images, history, 1)
        return self._runner.run(block, self._runner.positions(block) + memory.next_position, memory.cache())

    def _prepare(
        self,
        context: Context | None,
        question: str,
        images: Sequence[Image.Image],
        history: Sequence[Turn],
        max_new_tokens: int,
    ) -> tuple[Context, Block]:
        """The memory and the question of a call, once they are known to go together."""
        if max_new_tokens < 1:
            raise SettingError(f"max_new_tokens is at least 1, got {max_new_tokens}.")
        memory = compose(self.prefix, ()) if context is None else context
        if memory.fingerprint != self.fingerprint:
            raise FingerprintError(
                f"This context has the fingerprint {memory.fingerprint[:12]}, "
                f"the model has {self.fingerprint[:12]}; make it again from the sources of its concepts."
            )
        block = self._layout.question(question, images, history)
        width = Runner.width(self._runner.positions(block))
        self._runner.check_room(
            memory.next_position + width + max_new_tokens,
            f"The context ({memory.next_position}), the question ({width}) "
            f"and the answer ({max_new_tokens}) together",
        )
        return memory, block

    def _greedy(self, memory: Context, block: Block, max_new_tokens: int) -> Generator[int, None, None]:
        return greedy(
            self._runner, memory.cache(), block, memory.next_position, self._stop_ids, max_new_tokens
        )

    def _stops(self) -> frozenset[int]:
        """What ends an answer: the ends that model and tokenizer name, and that of a turn in the template."""
        found: set[int] = {self._frame.tail[0]} & self._encoder.control_ids
        generation = getattr(self._model, "generation_config", None)
        for named in (generation, self._model.config.get_text_config(), self._processor.tokenizer):
            stop = getattr(named, "eos_token_id", None)
            if stop is not None:
                found.update(stop if isinstance(stop, (list, tuple)) else [stop])
        return frozenset(int(token) for token in found)
