"""``ego``: tokens of reference photos that the model itself looks at, kept as input embeddings.

Source: Ego (arXiv 2603.09771): the model says keywords of a reference view, the visual tokens that these
attend to most are kept, ``K_c = min(K, a N / 100)`` of N, a the subject's area in percent (sections 3.2,
3.3), over layers that a calibration found (3.4); with every question they are put before it and computed
anew, without the vision encoder (3.5). ``keep`` has its ablations (section 4.4).

Deviations: notes, which Ego does not have, stand before the tokens; who is in context is found as for all
methods (`Record.find`), where Ego puts all concepts there or filters by the similarity of tokens; the
model's context instruction is that of all methods; K is a fifth of a view's tokens for any model; keywords
are asked slot by slot, and the area is that of the largest patch where the model cannot tell it (Pocket
cannot); layers are calibrated on drawn photos of Pocket World's training split with exact masks, where Ego
takes COCO; embeddings are stored in 16 bits; nobody is asked to check first who is there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from jarvis_retrievers.errors import SettingError

from ..method import BenchMemory, Introduction, Query, Reply, Setting
from .fingerprint import fingerprint_of
from .frames import by_frames
from .models import Models
from .record import Record
from .telling import tell

if TYPE_CHECKING:
    from jarvis_memory.concept import Concept
    from jarvis_memory.kv import Inputs
    from jarvis_memory.vlm import SegmentSource

__all__ = ["EgoMethod"]

_KEEPS: Final = ("attention", "keywords", "full", "uniform")
_PHOTOS: Final = 32  # that layers are calibrated with


@dataclass(frozen=True)
class EgoMethod:
    """Keeps what the model looks at.

    Attributes:
        keep: ``attention``, Ego's tokens; ``keywords``, no tokens, the words alone; ``full``, all tokens;
            ``uniform``, as many as Ego's at most, evenly spread.

    Raises:
        SettingError: another word.
    """

    models: Models
    keep: str = "attention"
    name: str = "ego"

    def __post_init__(self) -> None:
        if self.keep not in _KEEPS:
            raise SettingError(f"ego keeps one of {', '.join(_KEEPS)}, got {self.keep!r}")

    @cached_property
    def layers(self) -> tuple[int, ...]:
        """Those that look at what they speak of, measured when they are first asked for."""
        from jarvis_memory.selecting import calibrate
        from jarvis_plugins.calibrating import pocket_photos

        return calibrate(self.models.vlm, pocket_photos(_PHOTOS)).layers

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, who finds, and what is kept."""
        return {**self.models.settings, **self.models.finding, "keep": self.keep}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of embeddings."""
        return EgoMemory(self, concepts)


class EgoMemory:
    """Embeddings of concepts, and the words that chose them.

    Args:
        method: what is kept, and by which model.
        concepts: who is known.
    """

    def __init__(self, method: EgoMethod, concepts: Sequence[Introduction]) -> None:
        self._method, self._models, self._keep = method, method.models, method.keep
        self._record = Record(method.models, concepts)
        self._kept: dict[str, bytes] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        for concept in self._record.concepts():
            self._put(concept)

    def stored(self) -> Mapping[str, int]:
        """Embeddings with their tokens, keywords, and vectors to find them by."""
        vectors = self._record.vector_bytes
        return {name: len(kept) + self._said(name) + vectors[name] for name, kept in self._kept.items()}

    def keywords(self, name: str) -> tuple[str, ...]:
        """What the model said of a concept, where it was asked."""
        return self._words.get(name, ())

    def inputs(self, name: str) -> Inputs:
        """What is kept of a concept, read from its bytes."""
        from jarvis_memory.kv import segment_from_bytes

        return segment_from_bytes(self._kept[name], self._models.vlm.prefix.fingerprint).inputs

    def update(self, later: Introduction) -> None:
        """More photos and notes of a concept; each view is chosen from by itself."""
        self._record.tell(later)
        for concept in self._record.known([later.name]):
            self._put(concept)

    def answer(self, query: Query) -> Reply:
        """The answer behind embeddings that are computed for it."""
        return by_frames(query, self._models.voice, self._answer)

    def _answer(self, query: Query) -> Reply:
        node, voice = self._models.vlm, self._models.voice
        asked, prefix = voice.asked(query), node.prefix
        began = time.perf_counter()
        # Of somebody without notes and keywords nothing may be kept.
        names = [one.name for one in self._record.find(query) if one.name in self._kept]
        retrieved = time.perf_counter()
        read = [self.inputs(name) for name in names]
        loaded = time.perf_counter()
        said = tell(node, lambda n: node.parts.concepts.exact(prefix, read[:n]), len(read), asked, query)
        stages = (
            ("retrieve", retrieved - began),
            ("load", loaded - retrieved),
            ("compose", said.compose),
            ("first", said.first),
        )
        return Reply(
            voice.told(query, said.text),
            first_token=sum(seconds for _, seconds in stages),
            loaded=sum(len(self._kept[name]) for name in names[: said.shown]),
            found=tuple(names[: said.shown]),
            stages=stages,
        )

    def close(self) -> None:
        """Delete the record."""
        self._record.close()

    def _put(self, concept: Concept) -> None:
        from jarvis_memory.kv import Storage

        source = self._source(concept)
        if not source.profile.strip() and not source.photos:
            return
        node = self._models.vlm
        # Rows are not kept: they are computed with every question, as in Ego.
        self._kept[concept.name] = node.segment_to_bytes(node.encode_segment(source), Storage.NONE)

    def _source(self, concept: Concept) -> SegmentSource:
        from jarvis_memory.profile import profile_text
        from jarvis_memory.selecting import Selecting, TokenChooser
        from jarvis_memory.selecting.keywords import keywords
        from jarvis_memory.vlm import Excerpt, SegmentSource

        node, text = self._models.vlm, profile_text(concept.profile)
        photos = self._record.photos(concept)
        crops = self._record.crops(concept, node.patch_side)
        if self._keep == "keywords":
            told = fingerprint_of(node, concept.name, concept.profile.facts, crops or photos)
            self._words[concept.name] = told.phrases
            return SegmentSource(concept.name, "\n".join((text, *told.lines)))
        words: tuple[str, ...] = ()
        if self._keep == "attention":
            words = self._words[concept.name] = keywords(node, concept.profile, crops or photos)
        places = {photo.id: number for number, photo in enumerate(concept.now.photos)}
        boxes = [(places[patch.photo_id], patch.box) for patch in concept.now.patches]
        chooser = TokenChooser(node, Selecting.of(self._keep), lambda: self._method.layers)
        chosen = chooser.choose(concept.profile, photos, boxes, words=words)
        kept = (Excerpt(photo, one.kept) for photo, one in zip(photos, chosen, strict=True))
        return SegmentSource(concept.name, text, (), tuple(kept))

    def _said(self, name: str) -> int:
        return sum(len(word.encode()) for word in self.keywords(name))
