"""``pekit``: a bank of vectors finds regions of the picture, and boxes on it say who is there.

Source: PeKit (*Personalization Toolkit*, github vdorovatas/personalization_toolkit; figures in arXiv
2603.09771): an open-world detector proposes regions, each is compared with a bank of vectors of reference
views, those above one fixed cosine are drawn as coloured boxes on the picture, and words name them ("the
entity enclosed in a red box is called ..."). Recognition is the verdict of the bank alone; no reference
view reaches the model.

Deviations: regions are windows at several scales moved to where they fit (`jarvis_retrievers.regions`) in
place of GroundingDINO's, vectors are CLIP's of patches that show a concept whole in place of DINOv2's of
masks with nine augmentations; one fixed threshold all the same: PeKit's 0.75, and for Pocket's encoder the
one that ``python -m benchmarks.pekit`` finds on drawn concepts of seeds that are not asked about. Notes of
those who are boxed or named stand before the question, which PeKit does not have; a text without pictures
has nothing else. Pocket has never seen a box, nor read a sentence about one: for it (``naming=regions``)
the region itself is shown under the name, as the template names pictures, and the picture stays without
boxes; ``naming=boxes`` draws them for it, too.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jarvis_retrievers.errors import SettingError

from ..method import BenchMemory, Introduction, Query, Reply, Setting
from .boxes import box_words, boxed
from .frames import by_frames
from .models import Models
from .record import Record
from .sighted import Seen, claimed, region_pictures
from .telling import Shown, answered

if TYPE_CHECKING:
    from jarvis_memory.concept import Concept

__all__ = ["PeKitMethod"]

_AUTO: Final = "auto"
_PUBLISHED: Final = 0.75
_POCKET: Final = 0.933
_NAMINGS: Final = ("boxes", "regions")


@dataclass(frozen=True)
class PeKitMethod:
    """Finds by one threshold, and names by boxes.

    Attributes:
        threshold: the least cosine, or ``auto``: Pocket's or PeKit's own.
        naming: ``boxes``, ``regions``, or ``auto``: regions for Pocket's model, boxes for any other.

    Raises:
        SettingError: a threshold that is no cosine, or another naming.
    """

    models: Models
    threshold: str = _AUTO
    naming: str = _AUTO
    name: str = "pekit"

    def __post_init__(self) -> None:
        if self.naming not in (_AUTO, *_NAMINGS):
            raise SettingError(f"pekit names by {', '.join((_AUTO, *_NAMINGS))}, got {self.naming!r}")
        self.least  # noqa: B018 (a wrong one is refused at once)

    @property
    def least(self) -> float:
        """The threshold as a number."""
        if self.threshold == _AUTO:
            return _POCKET if self.models.clip == "pocket" else _PUBLISHED
        try:
            least = float(self.threshold)
        except ValueError:
            least = 2.0
        if not -1.0 <= least <= 1.0:
            raise SettingError(f"a threshold is a cosine or {_AUTO!r}, got {self.threshold!r}")
        return least

    @property
    def by_regions(self) -> bool:
        """Whether regions are shown under names."""
        if self.naming == _AUTO:
            return self.models.voice.name == "pocket"
        return self.naming == "regions"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, who finds, from which cosine on, and how names are told."""
        naming = "regions" if self.by_regions else "boxes"
        found: dict[str, Setting] = {"threshold": self.least, "naming": naming, "retrieval": "its own"}
        return {**self.models.settings, **self.models.finding, **found}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of vectors and notes."""
        return _PeKitMemory(self, concepts)


class _PeKitMemory:
    def __init__(self, method: PeKitMethod, concepts: Sequence[Introduction]) -> None:
        self._method, self._models = method, method.models
        self._record = Record(method.models, concepts)

    def stored(self) -> Mapping[str, int]:
        vectors = self._record.vector_bytes
        return {one.name: len(_notes(one).encode()) + vectors[one.name] for one in self._record.concepts()}

    def update(self, later: Introduction) -> None:
        self._record.tell(later)

    def answer(self, query: Query) -> Reply:
        return by_frames(query, self._models.voice, self._answer)

    def _answer(self, query: Query) -> Reply:
        side = self._models.vlm.patch_side  # loaded before the clock starts
        began = time.perf_counter()
        named, seen = self._found(query)
        names = tuple(dict.fromkeys((*named, *(one.name for one in seen))))
        if query.form == "yes_no" and named:
            there = {one.name for one in seen}
            spent = time.perf_counter() - began
            verdict = "Yes" if there.issuperset(named) else "No"
            found = tuple(name for name in names if name in there)
            return Reply(verdict, spent, 0, found, (("retrieve", spent),))
        retrieved = time.perf_counter()
        by_region, where = self._method.by_regions, {one.name: one for one in seen}
        shown = []
        for concept in self._record.known(names):
            notes, one = _notes(concept), where.get(concept.name)
            # In a picture that is asked about by a name, the name says who is meant.
            pictured = by_region and one is not None
            pictures = region_pictures(query.images[one.picture], one.box, side) if pictured and one else ()
            shown.append(Shown(concept.name, notes, pictures, len(notes.encode())))
        stages = (("retrieve", retrieved - began), ("load", time.perf_counter() - retrieved))
        if by_region or not seen:
            return answered(self._models, query, shown, stages)
        asked = f"{box_words(seen)} {self._models.voice.asked(query)}"
        return answered(self._models, query, shown, stages, asked=asked, images=boxed(query.images, seen))

    def _found(self, query: Query) -> tuple[tuple[str, ...], tuple[Seen, ...]]:
        """Who is named, or told of, and who is seen; without pictures, who is found by words."""
        if not query.images:
            return tuple(one.name for one in self._record.find(query)), ()
        why = self._record.why(query)
        if query.told is not None:
            named = tuple(one.name for one in self._record.known(query.told))
            return named, claimed([one for one in why.sightings if one[0] in named], self._method.least)
        named = tuple(dict.fromkeys(name for name, _ in why.mentions))
        return named, claimed(why.sightings, self._method.least)

    def close(self) -> None:
        self._record.close()


def _notes(concept: Concept) -> str:
    from jarvis_memory.profile import profile_text

    return profile_text(concept.profile)
