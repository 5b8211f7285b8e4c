"""The models that all methods of a comparison share, loaded when they are first needed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..method import Setting
from .voice import Voice, voice_of

if TYPE_CHECKING:
    from jarvis_memory.tuning import Tuning
    from jarvis_memory.vlm import VLM
    from jarvis_memory.vlm.loading import Loaded
    from jarvis_retrievers.encoder import ImageTextEncoder

__all__ = ["MOST_TOKENS", "Models"]

MOST_TOKENS = 256
"""The most tokens of an answer."""
_POCKET_PHOTO, _PHOTO = 64, 448


class Models:
    """A vision-language model and an encoder.

    Args:
        model: "pocket", a Hugging Face id, or a folder.
        clip: "pocket", ``"ARCH/PRETRAINED"`` of open_clip, or a folder.
        device: by default the best there is.
        photo_side: side in pixels of whole photos in a prompt; by default 64 for Pocket, else 448.
        keep: a folder for weights that methods train once; by default they are kept in memory alone.
    """

    def __init__(
        self,
        model: str = "pocket",
        clip: str = "pocket",
        device: str | None = None,
        photo_side: int | None = None,
        keep: Path | None = None,
    ) -> None:
        self.model, self.clip, self.device, self.keep = model, clip, device, keep
        self.photo_side = photo_side or (_POCKET_PHOTO if model == "pocket" else _PHOTO)
        self.voice: Voice = voice_of(model)

    @cached_property
    def _loaded(self) -> Loaded:
        from jarvis_memory.vlm.loading import load_model

        return load_model(self.model, device=self.device)

    def _node(self, side: int | None) -> VLM:
        from jarvis_memory.vlm import VLM

        one = self._loaded
        settings = one.settings if side is None else one.settings.model_copy(update={"patch_side": side})
        return VLM(
            one.model,
            one.processor,
            one.name,
            settings=settings,
            revision=one.revision,
            measured=one.measured,
            slots=one.slots,
        )

    @property
    def network(self) -> Any:
        """The transformers model of both nodes; its weights are shared, and never change."""
        return self._loaded.model

    @cached_property
    def vlm(self) -> VLM:
        """The model."""
        return self._node(None)

    @cached_property
    def photo_vlm(self) -> VLM:
        """The same weights, with room for whole photos where patches would stand."""
        return self._node(self.photo_side)

    @cached_property
    def encoder(self) -> ImageTextEncoder:
        """The encoder."""
        from jarvis_retrievers.openclip import OpenCLIPEncoder

        return OpenCLIPEncoder.load(self.clip, device=self.device)

    @cached_property
    def tuning(self) -> Tuning:
        """Thresholds of the encoder."""
        from jarvis_memory.tuning import tuned

        return tuned(self.clip)

    @property
    def settings(self) -> Mapping[str, Setting]:
        """What of them changes answers."""
        return {"model": self.model, "fingerprint": self.vlm.fingerprint, "voice": self.voice.name}

    @property
    def finding(self) -> Mapping[str, Setting]:
        """What of them changes who is found."""
        return {"clip": self.clip, "encoder": self.encoder.fingerprint, "thresholds": _digest(self.tuning)}


def _digest(tuning: Tuning) -> str:
    """16 hex digits that change with any setting, and with the vectors of strangers."""
    bank = b"" if tuning.bank is None else np.ascontiguousarray(tuning.bank, dtype="<f4").tobytes()
    return hashlib.sha256(repr(replace(tuning, bank=None)).encode() + bank).hexdigest()[:16]
