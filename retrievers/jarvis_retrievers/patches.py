"""Mining patches: the few regions of a concept's photos that show what is special about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .boxes import DEFAULT_SCALES, Box, nms, propose_boxes
from .crops import crop
from .encoder import ImageTextEncoder
from .errors import InputError, SettingError
from .scorer import Candidate, PatchScorer, PromptScorer

__all__ = ["Candidate", "MinerConfig", "Patch", "PatchMiner", "PatchScorer", "PromptScorer", "crop"]

# Crops held in memory at once: 256 of 224 x 224 pixels are 39 MB.
_CROPS_AT_ONCE: Final = 256
# Float32 noise in the last digits must not choose between windows that look the same.
_DIGITS: Final = 6

Vectors = NDArray[np.float32]


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

    ``score = relevance * distinctiveness``, each in [0, 1].
    """

    photo: int
    box: Box
    relevance: float
    distinctiveness: float
    score: float
    vector: Vectors = field(compare=False, repr=False)


class PatchMiner:
    """Chooses the patches of one concept.

    Every window ``e`` of every photo gets::

        score(e) = relevance(e) * distinctiveness(e)
        distinctiveness(e) = 1 - max(0, max_o cos(e, o))      o: vectors of other concepts and of a
        background bank

    First come whole subjects: for each photo the window of at least ``subject_scale`` with the largest
    relevance, by falling relevance, at most half of ``k`` (rounded up). Distinctiveness does not count here:
    beside a look-alike the window that fits the subject worst is the most distinct. Then
    one detail per aspect: the surviving window with the largest ``relevance(e) * distinctiveness(e)`` for
    the aspect's texts, the texts of the subject and of the other aspects counting as background. Then
    other details: windows that survive non-maximum suppression within their photo, chosen one by one for the
    largest

        (1 - diversity) * score(e) - diversity * max_c similarity(e, c)      c: what is chosen already
        similarity(e, c) = (1 - scale_weight) * max(0, cos(e, c)) + scale_weight * min(scales) / max(scales)

    (maximal marginal relevance, Carbonell and Goldstein 1998, with the box scale as a second kind of
    likeness). Equal values go to the earlier photo, the larger scale, the upper left. Nothing is random.
    """

    def __init__(
        self, encoder: ImageTextEncoder, config: MinerConfig | None = None, scorer: PatchScorer | None = None
    ) -> None:
        self.encoder = encoder
        self.config = config or MinerConfig()
        self._scorer = scorer or PromptScorer(
            encoder, self.config.background_prompts, self.config.logit_scale
        )

    def mine(
        self,
        photos: Sequence[Image.Image],
        prompts: Sequence[str],
        others: NDArray[Any] | None = None,
        *,
        added: bool = False,
    ) -> list[Patch]:
        """At most ``k`` patches: whole subjects first, then details in the order they were chosen.

        Args:
            photos: the concept's photos, RGB.
            prompts: texts that describe the concept, at least one.
            others: vectors (m, dim) of the owner's other concepts and of a background bank; need not be unit.
            added: the concept has patches of other photos already; these get ``k_added`` each.

        Raises:
            InputError: no prompt, or ``others`` of a wrong shape, not finite, or with a zero row.
        """
        if isinstance(prompts, str) or not prompts:
            raise InputError(f"prompts must be one or more texts in a list, got {prompts!r}")
        bank = _bank(others, self.encoder.dim)
        candidates = [
            candidate for index, photo in enumerate(photos) for candidate in self._windows(index, photo)
        ]
        if not candidates:
            return []
        vectors = self._encode(photos, candidates)
        relevance = np.asarray(self._scorer.relevance(photos, candidates, vectors, prompts), dtype=np.float64)
        if relevance.shape != (len(candidates),) or not ((relevance >= 0) & (relevance <= 1)).all():
            raise InputError(
                f"a scorer must give {len(candidates)} numbers in [0, 1], got shape {relevance.shape}"
            )
        nearest = (vectors @ bank.T).max(axis=1) if len(bank) else np.zeros(len(vectors))
        distinct = 1.0 - np.clip(nearest.astype(np.float64), 0.0, 1.0)
        aspects = [
            self._aspect(photos, candidates, vectors, prompts, i) * distinct
            for i in range(len(self.config.aspects))
        ]
        k = self.config.k_added * len(photos) if added else self.config.k
        chosen = self._choose(candidates, vectors, relevance, relevance * distinct, aspects, k)
        return [_patch(candidates[i], vectors[i], float(relevance[i]), float(distinct[i])) for i in chosen]

    def _windows(self, index: int, photo: Image.Image) -> list[Candidate]:
        shorter = min(photo.size)
        found = []
        for scale in sorted(set(self.config.scales), reverse=True):
            if scale >= self.config.subject_scale or scale * shorter >= self.config.min_side:
                boxes = propose_boxes(photo.width, photo.height, (scale,), self.config.overlap)
                found += [Candidate(index, box, scale) for box in boxes]
        # Rounding makes scales of a tiny photo coincide: the larger scale, which comes first, stays.
        distinct: dict[Box, Candidate] = {}
        for candidate in found:
            distinct.setdefault(candidate.box, candidate)
        return list(distinct.values())

    def _encode(self, photos: Sequence[Image.Image], candidates: Sequence[Candidate]) -> Vectors:
        rows = []
        for start in range(0, len(candidates), _CROPS_AT_ONCE):
            some = candidates[start : start + _CROPS_AT_ONCE]
            rows.append(
                self.encoder.encode_images([crop(photos[c.photo], c.box, self.config.side) for c in some])
            )
        return np.concatenate(rows)

    def _aspect(
        self,
        photos: Sequence[Image.Image],
        candidates: Sequence[Candidate],
        vectors: Vectors,
        prompts: Sequence[str],
        index: int,
    ) -> NDArray[np.float64]:
        aspects = self.config.aspects
        others = [text for i, aspect in enumerate(aspects) if i != index for text in aspect]
        contrast = [text for text in (*prompts, *others) if text not in aspects[index]]
        return np.asarray(
            self._scorer.relevance(photos, candidates, vectors, aspects[index], contrast), dtype=np.float64
        )

    def _choose(
        self,
        candidates: Sequence[Candidate],
        vectors: Vectors,
        relevance: NDArray[np.float64],
        scores: NDArray[np.float64],
        aspects: Sequence[NDArray[np.float64]],
        k: int,
    ) -> list[int]:
        config, scores, fits = self.config, np.round(scores, _DIGITS), np.round(relevance, _DIGITS)
        subjects: dict[int, int] = {}
        for i, candidate in enumerate(candidates):
            photo = candidate.photo
            if candidate.scale >= config.subject_scale and (
                photo not in subjects or fits[i] > fits[subjects[photo]]
            ):
                subjects[photo] = i
        chosen = sorted(subjects.values(), key=lambda i: (-fits[i], i))[: (k + 1) // 2]
        for aspect in aspects[: k - len(chosen)]:
            details = [i for i in range(len(candidates)) if candidates[i].scale < config.subject_scale]
            free = [i for i in details if self._apart(candidates, chosen, i)]
            if free:
                chosen.append(max(free, key=lambda i: (round(float(aspect[i]), _DIGITS), -i)))
        left = self._survivors(candidates, scores, chosen)
        similarity = np.zeros(len(candidates))
        scales = np.array([candidate.scale for candidate in candidates])
        for i in chosen:
            similarity = np.maximum(similarity, self._likeness(vectors, scales, i))
        while left and len(chosen) < k:
            gain = (1.0 - config.diversity) * scores - config.diversity * similarity
            best = max(left, key=lambda i: (round(float(gain[i]), _DIGITS), -i))
            left.remove(best)
            chosen.append(best)
            similarity = np.maximum(similarity, self._likeness(vectors, scales, best))
        return chosen

    def _apart(self, candidates: Sequence[Candidate], chosen: Sequence[int], index: int) -> bool:
        """Whether a window shares less than ``nms_iou`` with every chosen one of its photo."""
        one = candidates[index]
        return all(
            candidates[i].photo != one.photo or candidates[i].box.iou(one.box) <= self.config.nms_iou
            for i in chosen
        )

    def _survivors(
        self, candidates: Sequence[Candidate], scores: NDArray[np.float64], chosen: Sequence[int]
    ) -> list[int]:
        """Windows left after suppression within each photo, the chosen ones themselves not among them."""
        left = []
        for photo in sorted({candidate.photo for candidate in candidates}):
            mine = [i for i, candidate in enumerate(candidates) if candidate.photo == photo]
            # Infinity is no score, so the chosen are lifted above the possible range of [0, 1].
            lifted = [2.0 if i in chosen else float(scores[i]) for i in mine]
            kept = nms([candidates[i].box for i in mine], lifted, self.config.nms_iou)
            left += [mine[position] for position in kept if mine[position] not in chosen]
        return left

    def _likeness(self, vectors: Vectors, scales: NDArray[np.float64], index: int) -> NDArray[np.float64]:
        cosine = np.clip((vectors @ vectors[index]).astype(np.float64), 0.0, 1.0)
        ratio = np.minimum(scales, scales[index]) / np.maximum(scales, scales[index])
        weight = self.config.scale_weight
        likeness: NDArray[np.float64] = (1.0 - weight) * cosine + weight * ratio
        return likeness


def _patch(candidate: Candidate, vector: Vectors, relevance: float, distinctiveness: float) -> Patch:
    own = vector.copy()
    own.flags.writeable = False
    score = relevance * distinctiveness
    return Patch(candidate.photo, candidate.box, relevance, distinctiveness, score, own)


def _bank(others: NDArray[Any] | None, dim: int) -> Vectors:
    if others is None:
        return np.zeros((0, dim), np.float32)
    bank = np.asarray(others, dtype=np.float32)
    if bank.ndim != 2 or bank.shape[1] != dim:
        raise InputError(f"others must have shape (m, {dim}), got {bank.shape}")
    length = np.linalg.norm(bank, axis=1, keepdims=True)
    if not np.isfinite(bank).all() or not (length > 0).all():
        raise InputError("others must be finite and hold no zero row")
    unit: Vectors = bank / length
    return unit
