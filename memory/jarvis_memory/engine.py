"""The models behind a memory, loaded when they are first needed."""

from __future__ import annotations

import logging
import threading
from functools import cached_property

from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import SettingError

from .finder import Finder
from .gate import Verdict
from .intake import Intake
from .keeper import SegmentKeeper
from .kv import Mode, Storage
from .store.owner import OwnerStore
from .tuning import tuned
from .vlm import VLM

__all__ = ["STORAGE_KEY", "Engine"]

STORAGE_KEY = "kv"
"""The setting of a home that says how segments are stored."""
_GATE_KEY = "gate/"

_log = logging.getLogger(__name__)


class Engine:
    """The VLM node, the encoder, and what works with them for one owner's store.

    Args:
        store: the owner's store.
        model: a name to load, or a loaded node.
        clip: a name to load, or an encoder.
        device: where loaded models run; None takes the best there is.
    """

    def __init__(
        self, store: OwnerStore, model: str | VLM, clip: str | ImageTextEncoder, device: str | None
    ) -> None:
        self._store, self._model, self._clip, self._device = store, model, clip, device
        self._lock = threading.RLock()
        self._warned = False
        self._tuning = tuned(clip if isinstance(clip, str) else getattr(clip, "name", ""))

    @staticmethod
    def mode(mode: str | Mode) -> Mode:
        """A mode by its word.

        Raises:
            SettingError: there is no such mode.
        """
        try:
            return Mode(mode)
        except ValueError as error:
            words = ", ".join(one.value for one in Mode)
            raise SettingError(f"mode must be one of {words}, got {mode!r}") from error

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
        return Finder(self._store, self.encoder, self._tuning.retriever)

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
    def finder(self) -> Finder:
        """Retrieval."""
        with self._lock:
            return self._made_finder

    @property
    def intake(self) -> Intake:
        """What prepares photos and notes."""
        return Intake(self.encoder, self._tuning.miner, self._tuning.subjects)

    @property
    def keeper(self) -> SegmentKeeper:
        """What keeps segments."""
        return SegmentKeeper(self._store, self.vlm, self.storage)

    @property
    def storage(self) -> Storage:
        """How segments of this home are stored; bf16 until it is set."""
        return Storage(self._store.setting(STORAGE_KEY) or Storage.BF16)

    @property
    def verdict(self) -> Verdict | None:
        """What the gate found for this model, if it was run in this home."""
        text = self._store.setting(f"{_GATE_KEY}{self.vlm.fingerprint}")
        return None if text is None else Verdict.model_validate_json(text)

    def keep_verdict(self, verdict: Verdict) -> None:
        """Store what the gate found."""
        self._store.put_setting(f"{_GATE_KEY}{verdict.fingerprint}", verdict.model_dump_json())

    def drop_verdict(self) -> None:
        """Forget what the gate found for this model."""
        self._store.put_setting(f"{_GATE_KEY}{self.vlm.fingerprint}", None)

    def settle(self, mode: Mode, segments: int) -> tuple[Mode, tuple[str, ...]]:
        """The mode for so many segments, and what the user should know about it.

        ``auto`` composes one segment, which is lossless; several are made as the gate found in this home,
        or before the model was given away; ``exact`` if it was never run.
        """
        if mode is not Mode.AUTO or segments < 2:
            return (Mode.COMPOSE if mode is Mode.AUTO else mode), ()
        verdict = self.verdict
        if verdict is not None:
            return verdict.mode, ()
        measured = self.vlm.measured
        if measured is not None and measured.storage is self.storage:
            return measured.mode, ()
        with self._lock:
            told, self._warned = self._warned, True
        notice = (
            f"several concepts are computed anew, as {self.vlm.name!r} was never measured with stored ones; "
            f"run: jarvis gate --model {self.vlm.name}"
        )
        if not told:
            _log.warning(notice)
        return Mode.EXACT, (notice,)
