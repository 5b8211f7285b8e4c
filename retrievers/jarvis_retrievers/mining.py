"""The values of mining: how to mine, and what was found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .boxes import DEFAULT_SCALES, Box
from .errors import SettingError

__all__ = ["MinerConfig", "Patch", "Survey"]


@dataclass(frozen=True, slots=True)
class MinerConfig:
    """How patches are chosen.

    Attributes:
        k: patches per concept, at least 1.
        k_added: patches of each photo that comes later, at least 1.
        scales: window sides relative to a photo's shorter side, each in (0, 1].
        overlap: share of a window that its neighbour repeats, in [0, 0.9].
        subject_scale: windows of at least this scale can show the whole subject.
        nms_iou: within a photo, of two windows whose IoU is above this only the better stays.
        diversity: 0 takes the best scores, 1 only what differs most from what is chosen.
        scale_weight: how much of that difference is the size of the box (the rest is the vector).
        background_prompts: what the subject is not; suppresses windows that show it.
        aspects: groups of texts, one for each kind of detail worth a patch of its own (an emblem, something
            worn); each gets the window that shows it best.
        logit_scale: the encoder's inverse temperature (100 for published CLIP models).
        min_side: smallest window side, in pixels; subject windows are exempt, so a tiny photo has patches
            too.
        side: crops reach the encoder as squares of this many pixels.
    """

    k: int = 5
    k_added: int = 3
    scales: tuple[float, ...] = DEFAULT_SCALES
    overlap: float = 0.5
    subject_scale: float = 0.75
    nms_iou: float = 0.4
    diversity: float = 0.4
    scale_weight: float = 0.25
    background_prompts: tuple[str, ...] = (
        "background",
        "a wall",
        "the floor",
        "grass",
        "the sky",
        "a blurred room",
    )
    aspects: tuple[tuple[str, ...], ...] = ()
    logit_scale: float = 100.0
    min_side: int = 16
    side: int = 224

    def __post_init__(self) -> None:
        for name in ("k", "k_added", "min_side", "side"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("subject_scale", "nms_iou", "diversity", "scale_weight"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if not 0.0 <= self.overlap <= 0.9:
            raise SettingError(f"overlap must be in [0, 0.9], got {self.overlap}")
        if not self.scales or any(not 0.0 < scale <= 1.0 for scale in self.scales):
            raise SettingError(f"scales must be one or more numbers in (0, 1], got {self.scales}")
        if max(self.scales) < self.subject_scale:
            raise SettingError(f"no scale reaches subject_scale {self.subject_scale}; add 1.0 to scales")
        if not (math.isfinite(self.logit_scale) and self.logit_scale > 0):
            raise SettingError(f"logit_scale must be a positive number, got {self.logit_scale}")


@dataclass(frozen=True, slots=True)
class Patch:
    """A mined region: where it is, why it was taken, and its unit vector (dim,), read-only.

    ``score = relevance * distinctiveness * inside``, each in [0, 1]; ``inside`` is 1 without a mask.
    """

    photo: int
    box: Box
    relevance: float
    distinctiveness: float
    score: float
    vector: NDArray[np.float32] = field(compare=False, repr=False)
    inside: float = 1.0


@dataclass(frozen=True, slots=True)
class Survey:
    """What mining found.

    Attributes:
        patches: whole subjects first, then details in the order they were chosen.
        subjects: of each photo, in order, the window that shows the whole subject best; some are no patch.
    """

    patches: list[Patch]
    subjects: list[Patch]
