"""Where in the pictures of a question each concept is nearest: windows, moved to where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .boxes import Box, nms, propose_boxes
from .crops import crop
from .detected import RegionDetector
from .encoder import ImageTextEncoder
from .images import pixel_digest
from .index import VectorIndex
from .region_cache import PictureKey, RegionCache, SeenPicture
from .retrieval import Entry, Region, RetrieverConfig

__all__ = ["RegionScores", "best_per_entry", "look"]

# Regions held in memory at once, as crops and as rows of scores.
_REGIONS_AT_ONCE: Final = 256
# Windows that are moved share less than this with each other: each stands for another thing in the picture.
_APART: Final = 0.4
# From here on two windows show the same thing in the same way.
_SAME: Final = 0.7

Scores = NDArray[np.float32]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RegionScores:
    """Regions of all pictures, and how near each concept is to each.

    Attributes:
        regions: position of the picture, and box in its pixels; R of them.
        best: (R, E) cosine of the region and the nearest patch of each of E entries, -inf if it has none.
        which: (R, E) id of that patch, -1 if there is none.
    """

    regions: list[Region]
    best: Scores
    which: Ids


def look(
    encoder: ImageTextEncoder,
    index: VectorIndex,
    owner: str,
    images: Sequence[Image.Image],
    entries: Sequence[Entry],
    config: RetrieverConfig,
    detector: RegionDetector | None = None,
    cache: RegionCache | None = None,
) -> RegionScores:
    """Score windows at several scales, climb from the best of them, and average what lies close together.

    What a detector finds, if there is one, is a window like the others. What a cache knows of a picture is
    not encoded again.

    A window rarely fits what it shows, and a loose fit costs more likeness than what tells look-alikes apart.
    So for every step ``s`` in ``config.refine`` the ``config.refine_windows`` best windows of each picture
    (apart from each other) try six moves each, by ``s`` of their side to the left, right, up and down, and
    to sides of ``1 - s`` and ``1 + s``; each goes on from its best place. The best of many tries is lucky,
    also for a stranger; so the place ``w`` where a climb ends stands for all of it, with the mean of its
    neighbours, ``v(w) = mean { v(u) : IoU(u, w) >= 0.7 }``, scaled to length 1; with ``config.mirror`` each
    ``v(u)`` is the mean of the vectors of a window and of its mirror image.
    """
    keys: list[PictureKey] = []
    if cache is not None:
        keys = [(owner, pixel_digest(image), encoder.fingerprint, config.side) for image in images]
    seen = [SeenPicture() if cache is None else cache.get(keys[at]) for at in range(len(images))]
    boxes = [_detected(image, one, detector) for image, one in zip(images, seen, strict=True)]
    search = _Search(encoder, index, owner, images, entries, config, [dict(one.vectors) for one in seen])
    scores = _climb(search, boxes)
    if cache is not None:
        for key, known, found in zip(keys, search.known, boxes, strict=True):
            cache.put(key, SeenPicture(known, found))
    return scores


def _detected(
    image: Image.Image, seen: SeenPicture, detector: RegionDetector | None
) -> tuple[Box, ...] | None:
    return tuple(detector(image)) if detector and seen.boxes is None else seen.boxes


def _climb(search: _Search, detected: Sequence[tuple[Box, ...] | None]) -> RegionScores:
    """`look`, with the boxes that a detector found in each picture."""
    images, entries, config = search.images, search.entries, search.config
    windows = [
        (position, box)
        for position, image in enumerate(images)
        for box in dict.fromkeys(
            [
                *propose_boxes(image.width, image.height, config.image_scales, config.image_overlap),
                *(detected[position] or ()),
            ]
        )
    ]
    vectors = search.encode(windows)
    best, which = search.score(vectors)
    if not config.refine or not windows or not entries:
        return RegionScores(windows, best, which)
    lead = np.maximum(best.max(axis=1), np.float32(-2.0))
    climbing: list[tuple[float, Region]] = []
    for position in range(len(images)):
        mine = [row for row, (image, _) in enumerate(windows) if image == position]
        kept = nms([windows[row][1] for row in mine], [float(lead[row]) for row in mine], _APART)
        climbing += [(float(lead[mine[at]]), windows[mine[at]]) for at in kept[: config.refine_windows]]
    starts = {region for _, region in climbing}
    regions = list(windows)
    for step in config.refine:
        moves = [_moved(region, step, images[region[0]].size) for _, region in climbing]
        tried = [one for lot in moves for one in lot]
        found = search.encode(tried)
        regions, vectors = regions + tried, np.concatenate([vectors, found])
        lead, at = search.score(found)[0].max(axis=1, initial=-np.inf), 0
        for number, lot in enumerate(moves):
            scores, at = lead[at : at + len(lot)], at + len(lot)
            if len(lot) and scores.max() > climbing[number][0]:
                climbing[number] = (float(scores.max()), lot[int(scores.argmax())])
    ends = list(dict.fromkeys(region for _, region in climbing))
    near = [_neighbours(end, regions) for end in ends]
    if config.mirror:
        rows = np.flatnonzero(np.any(near, axis=0))
        vectors[rows] += search.encode([regions[row] for row in rows], mirrored=True)
        vectors[rows] /= np.maximum(np.linalg.norm(vectors[rows], axis=1, keepdims=True), 1e-12)
    means = np.stack([vectors[some].astype(np.float64).mean(axis=0) for some in near])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    smooth, where = search.score(means.astype(np.float32))
    rest = [row for row, region in enumerate(windows) if region not in starts]
    return RegionScores(
        [windows[row] for row in rest] + ends,
        np.concatenate([best[rest], smooth]),
        np.concatenate([which[rest], where]),
    )


def _neighbours(region: Region, regions: Sequence[Region]) -> NDArray[np.bool_]:
    """Which regions are nearly the same as this one; it is one of them."""
    image, box = region
    places = np.array([(at, *one.as_tuple()) for at, one in regions], np.float64).T
    width = np.minimum(places[3], box.right) - np.maximum(places[1], box.left)
    height = np.minimum(places[4], box.bottom) - np.maximum(places[2], box.top)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    areas = (places[3] - places[1]) * (places[4] - places[2])
    near: NDArray[np.bool_] = (shared >= _SAME * (areas + box.area - shared)) & (places[0] == image)
    return near


def _moved(region: Region, step: float, size: tuple[int, int]) -> list[Region]:
    """The six neighbours of a window, squares within the picture, without the window itself."""
    position, box = region
    side, x, y = max(box.width, box.height), (box.left + box.right) / 2, (box.top + box.bottom) / 2
    shift = step * side
    moves = ((side, shift, 0.0), (side, -shift, 0.0), (side, 0.0, shift), (side, 0.0, -shift))
    sizes = ((side * (1 - step), 0.0, 0.0), (side * (1 + step), 0.0, 0.0))
    boxes: dict[Box, None] = {}
    for wanted, dx, dy in (*moves, *sizes):
        edge = max(1, min(round(wanted), *size))
        left = min(max(0, round(x + dx - edge / 2)), size[0] - edge)
        top = min(max(0, round(y + dy - edge / 2)), size[1] - edge)
        boxes[Box(left, top, left + edge, top + edge)] = None
    boxes.pop(box, None)
    return [(position, one) for one in boxes]


@dataclass(frozen=True, slots=True)
class _Search:
    """``known``: of each picture the vectors of regions, and of their mirror images, that were encoded."""

    encoder: ImageTextEncoder
    index: VectorIndex
    owner: str
    images: Sequence[Image.Image]
    entries: Sequence[Entry]
    config: RetrieverConfig
    known: list[dict[tuple[Box, bool], NDArray[np.float32]]]
    crops: dict[Region, Image.Image] = field(default_factory=dict)

    def encode(self, regions: Sequence[Region], *, mirrored: bool = False) -> Scores:
        """(R, dim) vectors of regions, or of their mirror images; each is encoded once."""
        new = [one for one in dict.fromkeys(regions) if (one[1], mirrored) not in self.known[one[0]]]
        for start in range(0, len(new), _REGIONS_AT_ONCE):
            some = new[start : start + _REGIONS_AT_ONCE]
            crops = [self._crop(region) for region in some]
            rows = self.encoder.encode_images([ImageOps.mirror(c) for c in crops] if mirrored else crops)
            for (position, box), row in zip(some, rows, strict=True):
                # A row of its own: a view would keep the rows of all others.
                self.known[position][box, mirrored] = row.copy()
        vectors = [self.known[position][box, mirrored] for position, box in regions]
        return np.stack(vectors) if vectors else np.zeros((0, self.encoder.dim), np.float32)

    def _crop(self, region: Region) -> Image.Image:
        """What the encoder is shown of a region; some are kept, as their mirror images may be wanted."""
        made = self.crops.get(region)
        if made is None:
            made = crop(self.images[region[0]], region[1], self.config.side)
            if len(self.crops) < _REGIONS_AT_ONCE:
                self.crops[region] = made
        return made

    def score(self, vectors: Scores) -> tuple[Scores, Ids]:
        """(R, E) the best cosine of each vector with each entry, and with which of its patches."""
        groups = [entry.seen_ids for entry in self.entries]
        best = np.full((len(vectors), len(self.entries)), -np.inf, np.float32)
        which = np.full(best.shape, -1, np.int64)
        limit = min(self.index.count(self.owner), self.config.search_limit)
        for start in range(0, len(vectors) if limit else 0, _REGIONS_AT_ONCE):
            rows = slice(start, start + _REGIONS_AT_ONCE)
            found = self.index.search(self.owner, vectors[rows], limit)
            best[rows], which[rows] = best_per_entry(*found, groups)
        return best, which


def best_per_entry(scores: Scores, ids: Ids, groups: Sequence[Sequence[int]]) -> tuple[Scores, Ids]:
    """For each query and each group of ids the best score (-inf if none came back) and its id (-1).

    Args:
        scores: (Q, K), falling along each row.
        ids: (Q, K), -1 where there is nothing.
        groups: ids of E entries; no id in two of them.

    Returns:
        Scores (Q, E) and ids (Q, E).
    """
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
