"""The values of a retrieval: how to look, what there is, and what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .boxes import Box
from .calibration import Calibration
from .errors import SettingError
from .names import NameMatch

__all__ = ["Entry", "Hit", "Retrieval", "RetrieverConfig", "Sighting"]

Region = tuple[int, Box]
Verdict = Literal["seen", "below", "beaten", "explained", "cut"]


@dataclass(frozen=True, slots=True)
class RetrieverConfig:
    """How a question finds its concepts. Cosines depend on the encoder: calibrate the thresholds for it.

    Attributes:
        k: concepts returned at most; concepts named in the question are never cut.
        image_threshold: least cosine of an image region and a patch.
        text_threshold: least cosine of the question and a profile text.
        cross_threshold: least cosine of the question and a patch; lower, as CLIP keeps texts and images
            apart.
        margin: a region counts for every concept whose cosine is within this of the region's best.
        rrf_k: constant of reciprocal rank fusion.
        image_scales: windows over the question image, relative to its shorter side.
        image_overlap: share of a window that its neighbour repeats.
        refine: steps, relative to a window's side, by which the best windows are moved to where they fit.
        refine_windows: how many windows of each picture are moved.
        mirror: average windows that were moved with their mirror images, too.
        whole_scale: least side of a patch, relative to its photo's shorter side, that pictures are compared
            with; smaller ones show a detail, which others may share.
        name_cutoff: least similarity of a misspelt name, 0 to 100.
        side: regions reach the encoder as squares of this many pixels.
        calibration: how what is known of a concept moves its own ``image_threshold``.
        search_limit: vectors looked at per query; exact for owners with fewer.
    """

    k: int = 4
    image_threshold: float = 0.75
    text_threshold: float = 0.6
    cross_threshold: float = 0.28
    margin: float = 0.03
    rrf_k: int = 60
    image_scales: tuple[float, ...] = (1.0, 0.75, 0.5, 0.33)
    image_overlap: float = 0.5
    refine: tuple[float, ...] = ()
    refine_windows: int = 3
    mirror: bool = False
    whole_scale: float = 0.75
    name_cutoff: float = 86.0
    side: int = 224
    calibration: Calibration = field(default_factory=Calibration)
    search_limit: int = 4096

    def __post_init__(self) -> None:
        for name in ("k", "rrf_k", "side", "search_limit", "refine_windows"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("image_threshold", "text_threshold", "cross_threshold"):
            if not -1.0 <= getattr(self, name) <= 1.0:
                raise SettingError(f"{name} is a cosine and must be in [-1, 1], got {getattr(self, name)}")
        if not 0.0 <= self.margin <= 2.0:
            raise SettingError(f"margin must be in [0, 2], got {self.margin}")
        if not 0.0 <= self.name_cutoff <= 101.0:
            raise SettingError(f"name_cutoff must be in [0, 101], got {self.name_cutoff}")
        if not 0.0 <= self.image_overlap <= 0.9:
            raise SettingError(f"image_overlap must be in [0, 0.9], got {self.image_overlap}")
        if not 0.0 <= self.whole_scale <= 1.0:
            raise SettingError(f"whole_scale must be in [0, 1], got {self.whole_scale}")
        if any(not 0.0 < step < 1.0 for step in self.refine):
            raise SettingError(f"refine must be numbers between 0 and 1, got {self.refine}")
        if not self.image_scales or any(not 0.0 < scale <= 1.0 for scale in self.image_scales):
            raise SettingError(f"image_scales must be one or more numbers in (0, 1], got {self.image_scales}")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the retriever must know of one concept.

    Attributes:
        key: the concept's key, unique among the entries.
        names: canonical name and aliases.
        vector_ids: its patch vectors in the index.
        text_vector_ids: its profile-text vectors in the index.
        whole_ids: of its patch vectors those that show it whole; None takes all of them.
        image_threshold: the concept's own calibrated threshold; None takes the configuration's.
        text_threshold: likewise for profile texts.
    """

    key: str
    names: tuple[str, ...]
    vector_ids: tuple[int, ...] = ()
    text_vector_ids: tuple[int, ...] = ()
    image_threshold: float | None = None
    text_threshold: float | None = None
    whole_ids: tuple[int, ...] | None = None

    @property
    def seen_ids(self) -> tuple[int, ...]:
        """The patch vectors that regions of pictures are compared with."""
        return self.vector_ids if self.whole_ids is None else self.whole_ids


@dataclass(frozen=True, slots=True)
class Hit:
    """A concept that the question is about, and why. A path that did not find it has None.

    Attributes:
        key: the entry's key.
        score: the fused score; only its order has a meaning.
        name: likeness of the name, 1.0 for an exact match.
        text: cosine of the question and the nearest profile text, by the text encoder if there is one, or,
            where that fell short, the nearest patch.
        image: cosine of the best region of the question images and the nearest patch.
        region: that region, as position of the image and box in its pixels.
        vector_id: the patch vector that region is nearest to.
    """

    key: str
    score: float
    name: float | None = None
    text: float | None = None
    image: float | None = None
    region: Region | None = None
    vector_id: int | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where in the question's images a concept was nearest to being seen, and what came of it.

    Attributes:
        key: the entry's key.
        score: cosine of that region and the nearest patch.
        threshold: the least cosine at which this concept counts.
        region: that region, as position of the image and box in its pixels.
        vector_id: the patch vector it is nearest to.
        verdict: ``seen``; ``below`` its threshold; ``beaten`` in every region by a concept that is nearer by
            more than the margin; ``explained`` by a better window that shows another; ``cut`` by ``k``.
    """

    key: str
    score: float
    threshold: float
    region: Region
    vector_id: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The answer: hits, best first (none is a possible answer), and what was looked at.

    Attributes:
        hits: the concepts, best first.
        names: where the question mentions them.
        sightings: of every concept that has patches, by falling score; none without images.
        regions: how many regions of the question images were compared.
        vectors_searched: how many vectors of the owner each query was compared with; 0 if none was.
    """

    hits: tuple[Hit, ...] = ()
    names: tuple[NameMatch, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    regions: int = 0
    vectors_searched: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the hits, best first."""
        return tuple(hit.key for hit in self.hits)
