"""Mining patches: the few regions of a concept's photos that show what is special about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .boxes import Box, nms, propose_boxes
from .crops import crop
from .encoder import ImageTextEncoder
from .errors import InputError
from .masker import SubjectMasker, checked_masks, inside
from .mining import MinerConfig, Patch, Survey
from .scorer import Candidate, PatchScorer, PromptScorer

__all__ = ["Candidate", "MinerConfig", "Patch", "PatchMiner", "PatchScorer", "PromptScorer", "Survey", "crop"]

# Crops held in memory at once: 256 of 224 x 224 pixels are 39 MB.
_CROPS_AT_ONCE: Final = 256
# Float32 noise in the last digits must not choose between windows that look the same.
_DIGITS: Final = 6
# A window with less of the subject is a patch of something else.
_MOSTLY: Final = 0.5

Vectors = NDArray[np.float32]


class PatchMiner:
    """Chooses the patches of one concept.

    Every window ``e`` of every photo gets::

        score(e) = relevance(e) * distinctiveness(e) * inside(e)
        distinctiveness(e) = 1 - max(0, max_o cos(e, o))      o: vectors of other concepts and of a
        background bank
        inside(e): how much of the window is the subject; 1 without a mask (`jarvis_retrievers.masker`)

    First come whole subjects: for each photo the window of at least ``subject_scale`` with the largest
    ``relevance(e) * inside(e)``, by falling value, at most half of ``k`` (rounded up). Distinctiveness does
    not count here: beside a look-alike the window that fits the subject worst is the most distinct. Then
    one detail per aspect: the surviving window with the largest score for the aspect's texts, the texts of
    the subject and of the other aspects counting as background. Then
    other details: windows that survive non-maximum suppression within their photo, chosen one by one for the
    largest

        (1 - diversity) * score(e) - diversity * max_c similarity(e, c)      c: what is chosen already
        similarity(e, c) = (1 - scale_weight) * max(0, cos(e, c)) + scale_weight * min(scales) / max(scales)

    (maximal marginal relevance, Carbonell and Goldstein 1998, with the box scale as a second kind of
    likeness). Of both kinds of details those mostly outside a mask come after all others. Equal values go to
    the earlier photo, the larger scale, the upper left. Nothing is random.
    """

    def __init__(
        self,
        encoder: ImageTextEncoder,
        config: MinerConfig | None = None,
        scorer: PatchScorer | None = None,
        masker: SubjectMasker | None = None,
    ) -> None:
        self.encoder = encoder
        self.config = config or MinerConfig()
        self._masker = masker
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
        """The patches of `survey`."""
        return self.survey(photos, prompts, others, added=added).patches

    def survey(
        self,
        photos: Sequence[Image.Image],
        prompts: Sequence[str],
        others: NDArray[Any] | None = None,
        *,
        added: bool = False,
        seen: NDArray[np.float32] | None = None,
    ) -> Survey:
        """At most ``k`` patches, and of each photo the window that shows the whole subject best.

        Args:
            photos: the concept's photos, RGB.
            prompts: texts that describe the concept, at least one.
            others: vectors (m, dim) of the owner's other concepts and of a background bank; need not be unit.
            added: the concept has patches of other photos already; these get ``k_added`` each.
            seen: what `embed` gave for these photos; embedded here by default.

        Raises:
            InputError: no prompt, ``others`` of a wrong shape, not finite, or with a zero row, ``seen`` of
                other photos, or a scorer or masker that breaks its contract.
        """
        if isinstance(prompts, str) or not prompts:
            raise InputError(f"prompts must be one or more texts in a list, got {prompts!r}")
        bank = _bank(others, self.encoder.dim)
        candidates = self._candidates(photos)
        if not candidates:
            return Survey([], [])
        vectors = self.embed([photos])[0] if seen is None else seen
        if vectors.shape != (len(candidates), self.encoder.dim):
            raise InputError(
                f"these photos have {len(candidates)} windows, got vectors of shape {vectors.shape}; give "
                "what embed made of them"
            )
        relevance = np.asarray(self._scorer.relevance(photos, candidates, vectors, prompts), dtype=np.float64)
        if relevance.shape != (len(candidates),) or not ((relevance >= 0) & (relevance <= 1)).all():
            raise InputError(
                f"a scorer must give {len(candidates)} numbers in [0, 1], got shape {relevance.shape}"
            )
        nearest = (vectors @ bank.T).max(axis=1) if len(bank) else np.zeros(len(vectors))
        distinct = 1.0 - np.clip(nearest.astype(np.float64), 0.0, 1.0)
        masks = checked_masks(self._masker, photos, prompts)
        within = inside(masks, candidates, self.config.subject_scale)
        aspects = [
            self._aspect(photos, candidates, vectors, prompts, i) * distinct * within
            for i in range(len(self.config.aspects))
        ]
        k = self.config.k_added * len(photos) if added else self.config.k
        subjects = self._subjects(candidates, np.round(relevance * within, _DIGITS))
        scores = relevance * distinct * within
        chosen = self._choose(candidates, vectors, subjects[: (k + 1) // 2], scores, aspects, within, k)

        def patch(i: int) -> Patch:
            return _patch(candidates[i], vectors[i], relevance[i], distinct[i], within[i])

        by_photo = sorted(subjects, key=lambda i: candidates[i].photo)
        return Survey([patch(i) for i in chosen], [patch(i) for i in by_photo])

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

    def embed(self, concepts: Sequence[Sequence[Image.Image]]) -> list[Vectors]:
        """Of each concept's photos the vectors (n, dim) of all windows, through the encoder together."""
        windows = [self._candidates(photos) for photos in concepts]
        asked = [
            (photos[one.photo], one.box)
            for photos, found in zip(concepts, windows, strict=True)
            for one in found
        ]
        rows = [np.zeros((0, self.encoder.dim), np.float32)]
        for start in range(0, len(asked), _CROPS_AT_ONCE):
            some = asked[start : start + _CROPS_AT_ONCE]
            rows.append(
                self.encoder.encode_images([crop(photo, box, self.config.side) for photo, box in some])
            )
        ends = np.cumsum([len(found) for found in windows])
        return np.split(np.concatenate(rows), ends[:-1]) if concepts else []

    def _candidates(self, photos: Sequence[Image.Image]) -> list[Candidate]:
        return [one for index, photo in enumerate(photos) for one in self._windows(index, photo)]

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

    def _subjects(self, candidates: Sequence[Candidate], fits: NDArray[np.float64]) -> list[int]:
        """Of each photo the window that fits the whole subject best, the best photo first."""
        best: dict[int, int] = {}
        for i, candidate in enumerate(candidates):
            photo = candidate.photo
            if candidate.scale >= self.config.subject_scale and (
                photo not in best or fits[i] > fits[best[photo]]
            ):
                best[photo] = i
        return sorted(best.values(), key=lambda i: (-fits[i], i))

    def _choose(
        self,
        candidates: Sequence[Candidate],
        vectors: Vectors,
        subjects: Sequence[int],
        scores: NDArray[np.float64],
        aspects: Sequence[NDArray[np.float64]],
        within: NDArray[np.float64],
        k: int,
    ) -> list[int]:
        config, scores, chosen = self.config, np.round(scores, _DIGITS), list(subjects)
        for aspect in aspects[: k - len(chosen)]:
            details = [i for i in range(len(candidates)) if candidates[i].scale < config.subject_scale]
            free = [i for i in details if self._apart(candidates, chosen, i)]
            if free:
                free = _mostly(free, within)
                chosen.append(max(free, key=lambda i: (round(float(aspect[i]), _DIGITS), -i)))
        left = self._survivors(candidates, scores, chosen)
        similarity = np.zeros(len(candidates))
        scales = np.array([candidate.scale for candidate in candidates])
        for i in chosen:
            similarity = np.maximum(similarity, self._likeness(vectors, scales, i))
        while left and len(chosen) < k:
            gain = (1.0 - config.diversity) * scores - config.diversity * similarity
            best = max(_mostly(left, within), key=lambda i: (round(float(gain[i]), _DIGITS), -i))
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


def _patch(candidate: Candidate, vector: Vectors, *factors: np.float64) -> Patch:
    own = vector.copy()
    own.flags.writeable = False
    relevance, distinctiveness, within = map(float, factors)
    score = relevance * distinctiveness * within
    return Patch(candidate.photo, candidate.box, relevance, distinctiveness, score, own, within)


def _mostly(places: list[int], within: NDArray[np.float64]) -> list[int]:
    """Those mostly of the subject; all if none is. What is outside is diverse, and would win by it."""
    return [i for i in places if within[i] >= _MOSTLY] or places


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
