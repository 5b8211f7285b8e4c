"""The models behind a memory, loaded when they are first needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import torch

from jarvis_retrievers.detected import RegionDetector
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import ContextError
from jarvis_retrievers.index import RebuildableIndex
from jarvis_retrievers.log import log
from jarvis_retrievers.masker import SubjectMasker
from jarvis_retrievers.text_embedder import TextEmbedder

from .chat.sessions import Sessions
from .finder import Finder
from .gate import Verdict
from .intake import Intake
from .keeper import SegmentKeeper
from .kv import Context, Mode, Prefix, Segment, Storage
from .outer_index import check_index
from .profiling.choice import check_profiler, choose_profiler
from .profiling.profiler import Profiler
from .selecting.chooser import TokenChooser
from .selecting.layers import LayerScores, middle_layers
from .selecting.selector import SELECTOR_KEY, Selecting
from .store.holdings import Amount
from .store.owner import OwnerStore
from .store.receipt import AtHand
from .tally import Tally
from .texts import TextKeeper, check_embedder
from .tiers import Quotas, SegmentTiers
from .tuning import tuned
from .vlm import VLM
from .watching import Composed, tell

if TYPE_CHECKING:
    from .chat import ChatVLM

__all__ = ["STORAGE_KEY", "Engine"]

STORAGE_KEY = "kv"
"""The setting of a home that says how segments are stored."""
_GATE_KEY, _LAYERS_KEY = "gate/", "layers/"
_ROWS = 64
T = TypeVar("T")


class Engine:
    """The VLM node, the encoder, and what works with them for one owner's store.

    Args:
        store: the owner's store.
        model: a name to load, or a loaded node.
        clip: a name to load, or an encoder.
        device: where loaded models run; None takes the best there is.
        quotas: how many bytes of segments are kept at hand.
        masker, detector: where on photos the subject is, and regions of pictures, if that is known.
        profiler: who describes photos; see `choose_profiler`.
        texts: compares questions with profiles in place of the encoder's text tower.
        index: holds the vectors; None for FAISS in memory.
    """

    def __init__(
        self,
        store: OwnerStore,
        model: str | VLM,
        clip: str | ImageTextEncoder,
        device: str | None,
        quotas: Quotas,
        masker: SubjectMasker | None = None,
        profiler: str | Profiler | None = None,
        texts: TextEmbedder | None = None,
        detector: RegionDetector | None = None,
        index: RebuildableIndex | None = None,
    ) -> None:
        self.texts = None if texts is None else TextKeeper(store, check_embedder(texts))
        self._profiler, self._detector, self.index = check_profiler(profiler), detector, check_index(index)
        self._quotas, self._masker = quotas, masker
        self._store, self._model, self._clip, self._device = store, model, clip, device
        self._lock, self.tally = threading.RLock(), Tally()
        self._warned = self._spared = self._guessed = False
        self._tuning = tuned(clip if isinstance(clip, str) else getattr(clip, "name", ""))

    @cached_property
    def _loaded_vlm(self) -> VLM:
        return VLM.load(self._model, device=self._device) if isinstance(self._model, str) else self._model

    @cached_property
    def _loaded_encoder(self) -> ImageTextEncoder:
        if not isinstance(self._clip, str):
            return self._clip
        from jarvis_retrievers.openclip import OpenCLIPEncoder

        return OpenCLIPEncoder.load(self._clip, device=self._device)

    @cached_property
    def _made_finder(self) -> Finder:
        store, known, more = self._store, self._tuning, (self.texts, self._detector)
        return Finder(store, self.encoder, known.retriever, known.bank, *more, index=self.index)

    @cached_property
    def _made_chat(self) -> ChatVLM:
        from .chat import ChatVLM

        return ChatVLM(self.vlm, Sessions(self._quotas.sessions))

    @cached_property
    def _made_tiers(self) -> SegmentTiers:
        return SegmentTiers(self._quotas, self.vlm.device)

    @property
    def model_name(self) -> str:
        """How the VLM node was named; nothing is loaded."""
        return self._model if isinstance(self._model, str) else self._model.name

    @property
    def vlm(self) -> VLM:
        """The VLM node."""
        with self._lock:
            return self._loaded_vlm

    @property
    def encoder(self) -> ImageTextEncoder:
        """The image and text encoder."""
        with self._lock:
            return self._loaded_encoder

    @property
    def profiler(self) -> Profiler | None:
        """What describes photos, if anything does."""
        return choose_profiler(self._profiler, lambda: self.vlm)

    @property
    def finder(self) -> Finder:
        """Retrieval."""
        with self._lock:
            return self._made_finder

    @property
    def intake(self) -> Intake:
        """What prepares photos and notes."""
        return Intake(self.encoder, self._tuning.miner, self._tuning.subjects, self._masker)

    @property
    def least_relevance(self) -> float:
        """A photo whose best window is less relevant than this shows nothing of its concept."""
        return self._tuning.least_relevance

    @property
    def keeper(self) -> SegmentKeeper:
        """What keeps segments."""
        return SegmentKeeper(self._store, self.vlm, self.storage, self.tiers, self.chooser, self.tally)

    @property
    def selecting(self) -> Selecting:
        """What segments of this home are made from; patches until it is set."""
        return Selecting.read(self._store.setting(SELECTOR_KEY))

    @property
    def chooser(self) -> TokenChooser:
        """What chooses tokens of photos."""
        return TokenChooser(self.vlm, self.selecting, self._layers, self._masker)

    @property
    def layer_scores(self) -> LayerScores | None:
        """What calibrating found for this model, if that was done in this home."""
        text = self._store.setting(f"{_LAYERS_KEY}{self.vlm.fingerprint}")
        return None if text is None else LayerScores.model_validate_json(text)

    def keep_layers(self, found: LayerScores) -> None:
        """Store what calibrating found."""
        self._store.put_setting(f"{_LAYERS_KEY}{found.fingerprint}", found.model_dump_json())

    def _layers(self) -> tuple[int, ...]:
        found = self.layer_scores
        if found is not None:
            return found.layers
        with self._lock:
            told, self._guessed = self._guessed, True
        if not told:
            log("gate.uncalibrated", fingerprint=self.vlm.fingerprint[:12])
        return middle_layers(self.vlm.sight.layers)

    @property
    def chat(self) -> ChatVLM:
        """Conversations with the VLM node, and what is kept of them."""
        with self._lock:
            return self._made_chat

    @property
    def tiers(self) -> SegmentTiers:
        """The segments at hand."""
        with self._lock:
            return self._made_tiers

    def dismiss(self, concept_id: str | None = None) -> AtHand:
        """Keep nothing of a concept at hand, or of any, nor of questions and pictures; loads no model."""
        there, everything = self.__dict__, concept_id is None
        there_too = "_made_finder" in there or (self.index is not None and not everything)
        gone = self.finder.forget(everything=everything) if there_too else AtHand()
        if "_made_tiers" in there:
            gone = replace(gone, **self._made_tiers.forget(concept_id)._asdict())
            self.vlm.parts.encoder.forget()
        if "_made_chat" in there:
            gone = replace(gone, conversations=Amount(*self._made_chat.sessions.clear()))
        return gone

    @property
    def storage(self) -> Storage:
        """How segments of this home are stored; bf16 until it is set, and without rows if these cannot be."""
        stored = self.vlm.reach.segments != 0
        return Storage(self._store.setting(STORAGE_KEY) or Storage.BF16) if stored else Storage.NONE

    @property
    def verdict(self) -> Verdict | None:
        """What the gate found for this model, if it was run in this home."""
        text = self._store.setting(f"{_GATE_KEY}{self.vlm.fingerprint}")
        return None if text is None else Verdict.model_validate_json(text)

    def keep_verdict(self, verdict: Verdict) -> None:
        """Store what the gate found."""
        self._store.put_setting(f"{_GATE_KEY}{verdict.fingerprint}", verdict.model_dump_json())
        mode, stored = verdict.mode.value, verdict.storage.value
        log("gate.judged", mode=mode, fingerprint=verdict.fingerprint[:12], storage=stored)

    def drop_verdict(self) -> None:
        """Forget what the gate found for this model."""
        self._store.put_setting(f"{_GATE_KEY}{self.vlm.fingerprint}", None)

    def settle(self, mode: Mode, segments: int) -> tuple[Mode, tuple[str, ...]]:
        """The mode for so many segments, and what the user should know about it.

        ``auto`` composes one segment, which is lossless; several are made as the gate found in this home,
        or before the model was given away; ``exact`` if it was never run, or segments reach no further.
        """
        reach = self.vlm.reach.segments
        if mode is Mode.AUTO and reach is not None and segments > reach:
            return Mode.EXACT, ()
        if mode is not Mode.AUTO or segments < 2:
            return (Mode.COMPOSE if mode is Mode.AUTO else mode), ()
        made, verdict = self.selecting.key, self.verdict
        ours = verdict if verdict is not None and verdict.selector == made else None
        # What was measured before the model was given away, was with patches.
        for found in (ours, None if made else self.vlm.measured):
            if found is not None and found.storage is self.storage:
                return found.mode, ()
        with self._lock:
            told, self._warned = self._warned, True
        notice = (
            f"several concepts are computed anew, as {self.vlm.name!r} was never measured with stored ones; "
            f"run: jarvis gate --model {self.vlm.name}"
        )
        if not told:
            log("gate.missing", fingerprint=self.vlm.fingerprint[:12], segments=segments)
        return Mode.EXACT, (notice,)

    def context(self, segments: Sequence[Segment], mode: Mode, behind: Prefix | None = None) -> Context:
        """The context of segments; see `VLM.context`."""
        began = time.perf_counter()
        made = self.spare(lambda rows: self.vlm.context(segments, mode, rows_at_once=rows, behind=behind))
        took = time.perf_counter() - began
        tell(Composed(made.mode.value, len(segments), made.tokens, made.reused, took))
        return made

    def spare(self, work: Callable[[int | None], T]) -> T:
        """Do work on the GPU; if its memory runs out, give back what segments take of it and try once more.

        Args:
            work: called with how many rows to compute at a time, None for all.

        Raises:
            ContextError: the memory does not suffice all the same.
        """
        try:
            return work(None)
        except torch.OutOfMemoryError:
            pass  # its traceback holds on to tensors: it has to be gone before the next attempt
        with self._lock:
            told, self._spared = self._spared, True
        if not told:
            log("gpu.exhausted")
        self.tiers.retreat()
        if "_made_chat" in self.__dict__:
            self._made_chat.sessions.clear()
        try:
            return work(_ROWS)
        except torch.OutOfMemoryError as error:
            raise ContextError(
                "the memory of the GPU does not suffice for this question; ask about fewer concepts, with "
                "smaller pictures, or use a smaller model"
            ) from error
