"""The vision-language model of this project."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from PIL import Image

from jarvis_memory.kv import Context, Mode, Prefix, Repair, Segment, Storage, segment_to_bytes
from jarvis_retrievers.errors import SettingError

from .answerer import Answerer
from .block import Block
from .excerpt import Excerpt
from .families import Reach, choose_family
from .fingerprint import model_fields, model_fingerprint
from .generation import Generation
from .loading import load_model
from .parts import make_parts
from .query import Query, Turn
from .settings import ImageSettings, Measured
from .sight import Sight
from .slots import Slots
from .source import SegmentSource

__all__ = ["VLM"]

Ids = tuple[int, ...]
Images = Sequence[Image.Image]


class VLM:
    """A vision-language model that encodes concepts once, and answers from their stored caches.

    Threads may share one: no call leaves anything on the model, and no given tensor is written to. Change its
    weights only before the first call: the fingerprint is taken once.

    Args:
        model: A transformers model of a supported family. It is put into evaluation mode.
        processor: Its processor, with a fast tokenizer and a chat template.
        name: The id of the model; part of the fingerprint.
        settings: How large images are made.
        revision: The revision of its repository, where it came from one.
        repair: How much is computed anew in the modes ``link`` and ``blend``.
        measured: What the gate found for this model, if that came with it.
        slots: Questions that fill a profile, if they came with it.

    Raises:
        UnsupportedModelError: It is of no supported family, or its processor lacks something.
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
        repair: Repair | None = None,
        measured: Measured | None = None,
        slots: Slots | None = None,
    ) -> None:
        self.name, self.revision = name, revision
        self.settings, self.repair = settings or ImageSettings(), repair or Repair()
        self.measured, self.slots = measured, slots
        self._model = model.eval()
        self._family = choose_family(model.config)
        self.parts = make_parts(model, processor, name, self._family, self.settings)
        self._layout, self._runner, self._concepts = self.parts.layout, self.parts.runner, self.parts.concepts
        self._answerer = Answerer(self.parts)
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
        one = load_model(name, device=device, dtype=dtype, revision=revision)
        known = {name: getattr(one, name) for name in ("settings", "revision", "measured", "slots")}
        return cls(one.model, one.processor, one.name, **known)

    @property
    def patch_side(self) -> int:
        """Side in pixels of the square that a patch is resized to before it is encoded."""
        return self.parts.images.side

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return torch.device(self._model.device)

    @property
    def reach(self) -> Reach:
        """How many stored segments one context may have, and why not more."""
        return self._runner.reach

    @property
    def window(self) -> int:
        """The largest number of positions of context, question and answer together."""
        return self._runner.window

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that a segment of this model depends on, taken on first use."""
        with self._lock:
            self._fingerprint = self._fingerprint or model_fingerprint(self.fields())
            return self._fingerprint

    def fields(self) -> dict[str, Any]:
        """What the fingerprint is made of, as it is now; see :func:`model_fields`."""
        return model_fields(
            self._model,
            self.parts.processor,
            name=self.name,
            revision=self.revision,
            tokenizer_state=self.parts.encoder.state,
            prefix_ids=self.parts.frame.prefix,
            patch_side=self.patch_side,
            photo_pixels=self.settings.photo_pixels,
        )

    @property
    def prefix(self) -> Prefix:
        """The cache that all segments stand behind. Encoded on first use, and then kept."""
        with self._lock:
            if self._prefix is None:
                self._prefix = self.head()
            return self._prefix

    def head(self, token_ids: Sequence[int] | None = None) -> Prefix:
        """Other tokens than the prefix's, encoded to stand in its place before moved segments."""
        block = None if token_ids is None else Block(tuple(token_ids))
        inv_freq = self._family.inv_freq(self._model).float().cpu()
        return self._concepts.prefix(self.fingerprint, inv_freq, block)

    def encode_segment(self, source: SegmentSource) -> Segment:
        """Encode a concept behind the prefix: once, for all questions to come.

        Raises:
            InputError: There is neither profile nor patch, or a text or image cannot be used.
            ContextError: It is longer than the window.
        """
        return self._concepts.segment(self.prefix, source)

    def segment_ids(self, name: str, profile: str, patches: int, photos: Sequence[int] = ()) -> Ids:
        """The tokens that a segment has; ``photos``: how many are kept of each. See :class:`Layout`."""
        return self._layout.segment_ids(name, profile, patches, photos)

    @property
    def sight(self) -> Sight:
        """What the model looks at on a photo."""
        return Sight(self._layout, self._runner, self.prefix)

    def segment_to_bytes(self, segment: Segment, storage: Storage) -> bytes:
        """A segment as bytes; see :func:`jarvis_memory.kv.segment_to_bytes`."""
        return segment_to_bytes(segment, storage, self._runner.rotary)

    def segment_from_bytes(self, data: bytes) -> Segment:
        """A segment of this model from bytes; its rows are computed again if the record has none.

        Raises:
            CorruptRecordError: A byte has changed, is missing, or is too much.
            FingerprintError: Another model, another prefix, or another version of the format has written it.
        """
        return self._concepts.restored(self.prefix, data)

    def extend_segment(
        self, segment: Segment, name: str, patches: Images, photos: Sequence[Excerpt] = ()
    ) -> Segment:
        """Append patches to a segment without encoding it again. Exact, by causality.

        Args:
            segment: Of this model.
            name: The canonical name.
            patches, photos: They come behind those that are there.

        Raises:
            FingerprintError: Another model made the segment. ImageError: A patch cannot be used.
            ContextError: It would be longer than the window.
        """
        more = SegmentSource(name, "", tuple(patches), tuple(photos))
        return self._concepts.extend(self.prefix, segment, more)

    def context(
        self,
        items: Sequence[SegmentSource | Segment],
        mode: Mode = Mode.COMPOSE,
        *,
        rows_at_once: int | None = None,
        behind: Prefix | None = None,
    ) -> Context:
        """Make a context of several concepts, in the order in which the model shall read them.

        Args:
            items: Segments, or sources. Put the most important concept first: it is lossless in every mode.
                In ``exact`` mode no keys and values of a segment are used, only its inputs; in the others
                sources are encoded first.
            mode: See :class:`Mode`; all but ``auto``.
            rows_at_once: In ``link`` mode, compute so many rows in one pass: the same rows with less memory.
            behind: What stands in the prefix's place (:meth:`head`); then no segment is lossless.

        Raises:
            ContextError: It is longer than the window. SettingError: There is no such mode.
            FingerprintError: Another model made a segment.
            UnsupportedModelError: There are more segments than the model's :attr:`reach`.
        """
        mode = Mode(mode)
        if mode is Mode.AUTO:
            raise SettingError("mode 'auto' is settled by the memory; give one of the others to a node.")
        return self._concepts.context(self.prefix, items, mode, self.repair, rows_at_once, behind)

    def room(self, query: Query) -> int:
        """How many positions are left for concepts, between the prefix and a question with its answer."""
        return self.window - self.prefix.width - self._answerer.width(query) - query.max_new_tokens

    def generate(
        self,
        context: Context | None,
        question: str,
        images: Images = (),
        max_new_tokens: int = 64,
        *,
        history: Sequence[Turn] = (),
        schema: str | None = None,
    ) -> Generation:
        """Answer a question, always with the most likely token: the same call has the same answer.

        Args:
            context: Of this model; ``None`` is no memory, the prefix alone.
            question: What is asked.
            images: What the question shows, before its text.
            max_new_tokens: The most tokens of the answer.
            history: Earlier questions and their answers, oldest first; they come behind the images.
            schema: A JSON schema, as JSON, that the answer follows.

        Raises:
            InputError: The question is blank. ImageError: An image cannot be used.
            UnsupportedModelError: There is a history, and the model's template does not print such.
            SettingError: ``max_new_tokens`` is less than 1.
            FingerprintError: Another model made the context.
            ExtraError: There is a schema, and xgrammar is not installed.
            ContextError: Context, question and answer are together longer than the window.
        """
        query = Query(context, question, images, max_new_tokens, history, schema)
        return self._answerer.answer(self.prefix, query)

    def generate_many(self, queries: Sequence[Query], batch_size: int = 8) -> list[Generation]:
        """Answer several questions, ``batch_size`` at a time in one pass; contexts may differ in every way.

        Each answer is that of its own :meth:`generate`, up to rounding; the errors are the same, and nothing
        is answered if one of the questions cannot be.

        Raises:
            SettingError: ``batch_size`` is less than 1.
        """
        return self._answerer.answer_all(self.prefix, queries, batch_size)

    def stream(
        self,
        context: Context | None,
        question: str,
        images: Images = (),
        max_new_tokens: int = 64,
        *,
        history: Sequence[Turn] = (),
    ) -> Iterator[str]:
        """The text of :meth:`generate`, piece by piece, never half a character. Closing it stops the work.

        Input is checked at once, not with the first piece; arguments and errors are those of
        :meth:`generate`.
        """
        query = Query(context, question, images, max_new_tokens, history)
        return self._answerer.pieces(self.prefix, query)

    def tell(self, query: Query) -> Iterator[str | Generation]:
        """:meth:`stream`, and after the last piece what :meth:`generate` gives."""
        return self._answerer.telling(self.prefix, query)

    def first_logits(
        self,
        context: Context | None,
        question: str,
        images: Images = (),
        *,
        history: Sequence[Turn] = (),
    ) -> torch.Tensor:
        """(vocabulary,) float32 logits of the first token of the answer; see :meth:`generate`."""
        return self._answerer.first_logits(self.prefix, Query(context, question, images, 1, history))
