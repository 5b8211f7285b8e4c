"""The models behind a memory, loaded when they are first needed."""

from __future__ import annotations

import threading
from functools import cached_property

from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import SettingError

from .finder import Finder
from .intake import Intake
from .keeper import SegmentKeeper
from .kv import Mode
from .store.owner import OwnerStore
from .tuning import tuned
from .vlm import VLM

__all__ = ["Engine"]


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
        return SegmentKeeper(self._store, self.vlm)
