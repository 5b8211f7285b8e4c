"""Who is meant? Names, text and image regions, each with its own evidence, fused into one answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .detected import RegionDetector
from .encoder import ImageTextEncoder
from .errors import InputError
from .index import VectorIndex
from .names import match_names
from .region_cache import RegionCache
from .regions import RegionScores, best_per_entry, look
from .retrieval import Entry, Hit, Region, Retrieval, RetrieverConfig, Sighting, Verdict
from .text_index import TextIndex

__all__ = ["ConceptRetriever", "Entry", "Hit", "Retrieval", "RetrieverConfig"]

# From here on a better window explains another: it lies inside it, or is nearly the same.
_INSIDE: Final = 0.8
_SAME: Final = 0.5

Scores = NDArray[np.float32]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One concept in one region: cosine, entry, where, and the patch vector it is nearest to."""

    score: float
    entry: int
    region: Region
    vector_id: int


class ConceptRetriever:
    """Finds the concepts that a question, with or without images, is about.

    Three paths, fused by reciprocal rank, ``score = sum over paths of 1 / (rrf_k + rank)`` (Cormack, Clarke
    and Buettcher, SIGIR 2009), equal scores sharing a rank:

    * **name**: a match always counts, and is never cut by ``k``.
    * **text**: the question against profile texts and, across modalities, against patches. Counts only
      where no name was matched and a threshold is reached. A text encoder of its own, if there is one, takes
      the profile texts, and is asked only where there is no picture.
    * **image**: regions at several scales, the best of them moved to where they fit (`look`), against the
      patches that show a concept whole. For each region, the concepts that reach their
      threshold and lie within ``margin`` of the best concept there; look-alikes that are clearly worse drop
      out, ambiguous ones all come back. A loose window is no evidence of its own for a concept where a
      better window inside it, or one much like it, shows another.
    """

    def __init__(
        self,
        encoder: ImageTextEncoder,
        index: VectorIndex,
        config: RetrieverConfig | None = None,
        threshold: Callable[[str], float] | None = None,
        texts: TextIndex | None = None,
        detector: RegionDetector | None = None,
        seen: RegionCache | None = None,
    ) -> None:
        """Set up.

        Args:
            encoder: images and texts in one space.
            index: the vectors.
            config: how to look.
            threshold: gives the entry of a key its own image threshold, where the entry does not say; asked
                only for those that come near ``config.image_threshold``.
            texts: profile texts by the key of their entry; their own encoder compares them in place of
                ``encoder``.
            detector: finds regions of pictures besides the windows at several scales.
            seen: what is known of pictures that were asked about before.
        """
        self.encoder = encoder
        self.index = index
        self.config = config or RetrieverConfig()
        self._threshold, self._texts, self._detector = threshold, texts, detector
        self._seen = seen

    def retrieve(
        self, owner: str, question: str, images: Sequence[Image.Image] = (), entries: Sequence[Entry] = ()
    ) -> Retrieval:
        """The concepts among ``entries`` that the question is about.

        Args:
            owner: whose vectors to search; others cannot be reached.
            question: any text, also empty.
            images: RGB images that belong to the question, possibly none.
            entries: the owner's concepts.

        Raises:
            InputError: two entries with one key or one vector id, or an empty owner.
        """
        _check(entries)
        config, total = self.config, self.index.count(owner)
        if not entries:
            return Retrieval()
        matches = match_names(question, {entry.key: entry.names for entry in entries}, config.name_cutoff)
        named: dict[str, float] = {}
        for match in matches:
            named[match.key] = max(match.score, named.get(match.key, 0.0))
        text: dict[str, float] = {}
        by_text = bool(question.strip()) and not named
        if by_text:
            text = self._by_text(owner, question, entries, total, not images)
        looked = look(self.encoder, self.index, owner, images, entries, config, self._detector, self._seen)
        least = self._least(looked, entries)
        seen, near = self._by_image(looked, entries, least)
        hits = self._fuse(named, text, seen)
        sightings = self._sightings(entries, near, seen, {hit.key for hit in hits}, least)
        searched = min(total, config.search_limit) if by_text or looked.regions else 0
        return Retrieval(hits, tuple(matches), sightings, len(looked.regions), searched)

    def _by_text(
        self, owner: str, question: str, entries: Sequence[Entry], total: int, alone: bool
    ) -> dict[str, float]:
        found: dict[str, float] = {}
        if self._texts is not None and alone:
            keys = {entry.key for entry in entries}
            told = self._texts.search(question, self.config.search_limit)
            found = {key: score for key, score in told if key in keys}
        if not total:
            return found
        queries = self.encoder.encode_texts([question])
        scores, ids = self.index.search(owner, queries, min(total, self.config.search_limit))
        direct, _ = best_per_entry(scores, ids, [entry.text_vector_ids for entry in entries])
        across, _ = best_per_entry(scores, ids, [entry.vector_ids for entry in entries])
        for position, entry in enumerate(entries):
            if entry.key in found:
                continue
            least = self.config.text_threshold if entry.text_threshold is None else entry.text_threshold
            if self._texts is None and direct[0, position] >= least:
                found[entry.key] = float(direct[0, position])
            elif across[0, position] >= self.config.cross_threshold:
                found[entry.key] = float(across[0, position])
        return found

    def _by_image(
        self, looked: RegionScores, entries: Sequence[Entry], least: Scores
    ) -> tuple[dict[str, _Seen], list[tuple[_Seen, bool]]]:
        """What counts as seen; and of every concept its best region, and whether it was beaten in all."""
        best, which, regions = looked.best, looked.which, looked.regions
        if not regions:
            return {}, []
        leading = best >= best.max(axis=1, keepdims=True) - np.float32(self.config.margin)
        held = leading.any(axis=0)
        found = [
            _Seen(float(best[r, e]), int(e), regions[r], int(which[r, e]))
            for r, e in np.argwhere((best >= least) & leading & (which >= 0))
        ]
        seen: dict[str, _Seen] = {}
        for one in self._unexplained(found):
            seen.setdefault(entries[one.entry].key, one)
        near = [
            (_Seen(float(best[r, e]), e, regions[r], int(which[r, e])), not bool(held[e]))
            for e, r in enumerate(best.argmax(axis=0))
            if which[r, e] >= 0
        ]
        return seen, near

    def _least(self, looked: RegionScores, entries: Sequence[Entry]) -> Scores:
        """(E,) the least cosine at which each entry counts as seen."""
        base, reach = self.config.image_threshold, self.config.calibration.most
        peaks = looked.best.max(axis=0, initial=-np.inf)
        least = np.full(len(entries), base, np.float32)
        for place, entry in enumerate(entries):
            if entry.image_threshold is not None:
                least[place] = entry.image_threshold
            elif self._threshold is not None and peaks[place] >= np.float32(base - reach):
                least[place] = self._threshold(entry.key)
        return least

    def _sightings(
        self,
        entries: Sequence[Entry],
        near: Sequence[tuple[_Seen, bool]],
        seen: Mapping[str, _Seen],
        hits: set[str],
        least: Scores,
    ) -> tuple[Sighting, ...]:
        made = []
        for one, beaten in near:
            entry = entries[one.entry]
            shown, own = seen.get(entry.key, one), least[one.entry]
            verdict: Verdict = "explained"
            if entry.key in seen:
                verdict = "seen" if entry.key in hits else "cut"
            elif one.score < own:
                verdict = "below"
            elif beaten:
                verdict = "beaten"
            made.append(
                Sighting(entry.key, shown.score, round(float(own), 6), shown.region, shown.vector_id, verdict)
            )
        return tuple(sorted(made, key=lambda sighting: (-sighting.score, sighting.key)))

    def _unexplained(self, found: Sequence[_Seen]) -> list[_Seen]:
        """By falling score, without those that a better sighting of another concept explains."""
        kept: list[_Seen] = []
        for one in sorted(found, key=lambda s: -s.score):
            if not any(self._explains(better, one) for better in kept):
                kept.append(one)
        return kept

    def _explains(self, better: _Seen, one: _Seen) -> bool:
        if better.entry == one.entry or better.score - one.score <= self.config.margin:
            return False
        (image, box), (other_image, other) = better.region, one.region
        return image == other_image and (box.contained_in(other) >= _INSIDE or box.iou(other) >= _SAME)

    def _fuse(
        self, named: Mapping[str, float], text: Mapping[str, float], seen: Mapping[str, _Seen]
    ) -> tuple[Hit, ...]:
        fused: dict[str, float] = {}
        for path in (named, text, {key: one.score for key, one in seen.items()}):
            for key, score in path.items():
                rank = 1 + sum(other > score for other in path.values())
                fused[key] = fused.get(key, 0.0) + 1.0 / (self.config.rrf_k + rank)
        hits = []
        for key, score in fused.items():
            one = seen.get(key)
            sight = (one.score, one.region, one.vector_id) if one else (None, None, None)
            hits.append(Hit(key, score, named.get(key), text.get(key), *sight))
        hits.sort(key=lambda h: (-h.score, -(h.name or 0.0), -_known(h.image), -_known(h.text), h.key))
        free = max(0, self.config.k - len(named))
        spare = {hit.key for hit in [hit for hit in hits if hit.key not in named][:free]}
        return tuple(hit for hit in hits if hit.key in named or hit.key in spare)


def _known(cosine: float | None) -> float:
    return -math.inf if cosine is None else cosine


def _check(entries: Sequence[Entry]) -> None:
    keys: set[str] = set()
    ids: set[int] = set()
    for entry in entries:
        if entry.key in keys:
            raise InputError(f"two entries have the key {entry.key!r}; keys must be unique")
        keys.add(entry.key)
        for vector_id in (*entry.vector_ids, *entry.text_vector_ids):
            if vector_id in ids:
                raise InputError(
                    f"vector id {vector_id} belongs to two places; the second is entry {entry.key!r}"
                )
            ids.add(vector_id)
