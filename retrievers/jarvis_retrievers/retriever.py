"""Who is meant? Names, text and image regions, each with its own evidence, fused into one answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .boxes import propose_boxes
from .crops import crop
from .encoder import ImageTextEncoder
from .errors import InputError
from .index import VectorIndex
from .names import match_names
from .retrieval import Entry, Hit, Region, Retrieval, RetrieverConfig, Sighting, Verdict

__all__ = ["ConceptRetriever", "Entry", "Hit", "Retrieval", "RetrieverConfig"]

# Regions held in memory at once, as crops and as rows of scores.
_REGIONS_AT_ONCE: Final = 256
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
      where no name was matched and a threshold is reached.
    * **image**: regions at several scales against patches. For each region, the concepts that reach their
      threshold and lie within ``margin`` of the best concept there; look-alikes that are clearly worse drop
      out, ambiguous ones all come back. A loose window is no evidence of its own for a concept where a
      better window inside it, or one much like it, shows another.
    """

    def __init__(
        self, encoder: ImageTextEncoder, index: VectorIndex, config: RetrieverConfig | None = None
    ) -> None:
        self.encoder = encoder
        self.index = index
        self.config = config or RetrieverConfig()

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
        by_text = bool(question.strip()) and not named and total > 0
        if by_text:
            text = self._by_text(owner, question, entries, total)
        regions = [
            (position, box)
            for position, image in enumerate(images)
            for box in propose_boxes(image.width, image.height, config.image_scales, config.image_overlap)
        ]
        seen: dict[str, _Seen] = {}
        sightings: tuple[Sighting, ...] = ()
        if regions and total:
            seen, near = self._by_image(owner, images, regions, entries, total)
        hits = self._fuse(named, text, seen)
        if regions and total:
            sightings = self._sightings(entries, near, seen, {hit.key for hit in hits})
        searched = min(total, config.search_limit) if by_text or regions else 0
        return Retrieval(hits, tuple(matches), sightings, len(regions), searched)

    def _by_text(self, owner: str, question: str, entries: Sequence[Entry], total: int) -> dict[str, float]:
        queries = self.encoder.encode_texts([question])
        scores, ids = self.index.search(owner, queries, min(total, self.config.search_limit))
        direct, _ = _best_per_entry(scores, ids, [entry.text_vector_ids for entry in entries])
        across, _ = _best_per_entry(scores, ids, [entry.vector_ids for entry in entries])
        found = {}
        for position, entry in enumerate(entries):
            least = self.config.text_threshold if entry.text_threshold is None else entry.text_threshold
            if direct[0, position] >= least:
                found[entry.key] = float(direct[0, position])
            elif across[0, position] >= self.config.cross_threshold:
                found[entry.key] = float(across[0, position])
        return found

    def _by_image(
        self,
        owner: str,
        images: Sequence[Image.Image],
        regions: Sequence[Region],
        entries: Sequence[Entry],
        total: int,
    ) -> tuple[dict[str, _Seen], list[tuple[_Seen, bool]]]:
        """What counts as seen; and of every concept its best region, and whether it was beaten in all."""
        config = self.config
        least = np.array([self._least(entry) for entry in entries], np.float32)
        found: list[_Seen] = []
        near: dict[int, _Seen] = {}
        held: set[int] = set()
        for start in range(0, len(regions), _REGIONS_AT_ONCE):
            some = regions[start : start + _REGIONS_AT_ONCE]
            queries = self.encoder.encode_images([crop(images[i], box, config.side) for i, box in some])
            scores, ids = self.index.search(owner, queries, min(total, config.search_limit))
            best, which = _best_per_entry(scores, ids, [entry.vector_ids for entry in entries])
            leading = best >= best.max(axis=1, keepdims=True) - np.float32(config.margin)
            held.update(np.flatnonzero(leading.any(axis=0)).tolist())
            found += [
                _Seen(float(best[r, e]), int(e), some[r], int(which[r, e]))
                for r, e in np.argwhere((best >= least) & leading)
            ]
            for e, r in enumerate(best.argmax(axis=0)):
                if which[r, e] >= 0 and (e not in near or best[r, e] > near[e].score):
                    near[e] = _Seen(float(best[r, e]), e, some[r], int(which[r, e]))
        seen: dict[str, _Seen] = {}
        for one in self._unexplained(found):
            seen.setdefault(entries[one.entry].key, one)
        return seen, [(one, e not in held) for e, one in near.items()]

    def _least(self, entry: Entry) -> float:
        return self.config.image_threshold if entry.image_threshold is None else entry.image_threshold

    def _sightings(
        self,
        entries: Sequence[Entry],
        near: Sequence[tuple[_Seen, bool]],
        seen: Mapping[str, _Seen],
        hits: set[str],
    ) -> tuple[Sighting, ...]:
        made = []
        for one, beaten in near:
            entry = entries[one.entry]
            shown, least = seen.get(entry.key, one), self._least(entry)
            verdict: Verdict = "explained"
            if entry.key in seen:
                verdict = "seen" if entry.key in hits else "cut"
            elif one.score < np.float32(least):
                verdict = "below"
            elif beaten:
                verdict = "beaten"
            made.append(Sighting(entry.key, shown.score, least, shown.region, shown.vector_id, verdict))
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


def _best_per_entry(scores: Scores, ids: Ids, groups: Sequence[Sequence[int]]) -> tuple[Scores, Ids]:
    """For each query and each group of ids the best score (-inf if none came back) and its id (-1)."""
    shape = (len(scores), len(groups))
    best, which = np.full(shape, -np.inf, np.float32), np.full(shape, -1, np.int64)
    pairs = sorted((vector_id, group) for group, own in enumerate(groups) for vector_id in own)
    if not pairs:
        return best, which
    known, group_of = np.array(pairs, dtype=np.int64).T
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    row, column = np.nonzero(known[place] == ids)
    cell = row * len(groups) + group_of[place[row, column]]
    # Scores fall along a row and nonzero keeps that order, so a cell's first occurrence is its best.
    cells, first = np.unique(cell, return_index=True)
    best.ravel()[cells] = scores[row, column][first]
    which.ravel()[cells] = ids[row, column][first]
    return best, which


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
