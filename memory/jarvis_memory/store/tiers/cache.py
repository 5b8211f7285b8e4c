"""Segments in several tiers over the store's own, and the photos under all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jarvis_retrievers.errors import CorruptRecordError
from jarvis_retrievers.log import log

from ...cost_model import Keeping
from ..contracts import Catalogue
from ..segment_cache import SegmentCache
from ..segments import check_fingerprint
from .meter import Meter
from .seal import Seal
from .tier import Label, SegmentTier
from .use_counts import UseCounts

__all__ = ["Measures", "TieredSegmentCache"]

# Before anything was measured: a prefill on a processor, and a disk.
_UNKNOWN = 1e-6


class Measures:
    """What was measured of everything that tiers weigh; all owners of a process share it."""

    def __init__(self, uses: UseCounts | None = None) -> None:
        self.uses, self.store = uses or UseCounts(), Meter()
        self._lock, self._tiers, self._made = threading.Lock(), dict[str, Meter](), dict[str, Meter]()

    def tier(self, name: str) -> Meter:
        """Of reading from a tier, by bytes."""
        with self._lock:
            return self._tiers.setdefault(name, Meter())

    def made(self, fingerprint: str) -> Meter:
        """Of making segments of this model, by bytes."""
        with self._lock:
            return self._made.setdefault(fingerprint, Meter())


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a segment of a concept as it is now belongs."""

    seal: Seal
    label: Label
    updated: int

    @property
    def key(self) -> tuple[str, str]:
        return self.label.owner, self.label.concept


class _Found(NamedTuple):
    data: bytes
    seconds: float


class TieredSegmentCache:
    """`SegmentCache`: tiers, fastest first, then the store; what is in none of them is made from the photos.

    The record alone knows how a concept is now, and is asked every time: the names of segments depend on it,
    so that none of an earlier state, and none of a concept that is gone, is found in any tier, whoever else
    has written or forgotten it. What was found low is kept in the tiers above if it is worth its room:
    uses x seconds saved / bytes, with seconds that were measured here.

    Args:
        catalogue: the record.
        stored: the store's own segments, at the bottom.
        tiers: fastest first.
        measures: what was measured so far; shared by those who share the tiers.
        keeping: what the store keeps; everything by default.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        stored: SegmentCache,
        tiers: Sequence[SegmentTier],
        measures: Measures | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        self._catalogue, self._stored, self._tiers = catalogue, stored, tuple(tiers)
        self._measures, self._keeping = measures or Measures(), keeping

    def put(
        self,
        owner: str,
        concept_id: str,
        fingerprint: str,
        data: bytes,
        *,
        tokens: int = 0,
        updated: int | None = None,
        seconds: float | None = None,
    ) -> bool:
        """See `SegmentCache.put`; nothing is kept of what is worth its room nowhere."""
        check_fingerprint(fingerprint)
        spot = self._spot(owner, concept_id, fingerprint)
        if spot is None or updated not in (None, spot.updated):
            return False
        made = self._measures.made(fingerprint)
        if seconds is not None:
            made.add(len(data), seconds)
        again = made.expected(len(data)) if seconds is None else seconds
        kept = self._pays(spot, len(data), again)
        if kept and not self._stored.put(
            owner, concept_id, fingerprint, data, tokens=tokens, updated=spot.updated, seconds=seconds
        ):
            return False
        below = self._measures.store.expected(len(data)) if kept else again
        kept = self._lift(spot, bytes(data), self._tiers, below or again, fresh=True) or kept
        if self._catalogue.updated(owner, concept_id) != spot.updated:
            # Changed or forgotten meanwhile, perhaps before this was there to be deleted.
            self._drop(spot)
            return False
        return kept

    def get(self, owner: str, concept_id: str, fingerprint: str) -> bytes | None:
        """See `SegmentCache.get`."""
        check_fingerprint(fingerprint)
        spot = self._spot(owner, concept_id, fingerprint)
        if spot is None:
            return None
        uses = self._measures.uses.use(spot.key)
        for number, tier in enumerate(self._tiers):
            found = self._from(tier, spot, uses)
            if found is not None:
                self._measures.tier(tier.name).add(len(found.data), found.seconds)
                self._lift(spot, found.data, self._tiers[:number], found.seconds)
                if number and self._catalogue.updated(owner, concept_id) != spot.updated:
                    # Forgotten meanwhile, before it was there above to be deleted.
                    self._drop(spot)
                return found.data
        began = time.perf_counter()
        data = self._stored.get(owner, concept_id, fingerprint)
        if data is None:
            return None
        took = time.perf_counter() - began
        self._measures.store.add(len(data), took)
        self._lift(spot, data, self._tiers, took)
        if self._tiers and self._catalogue.updated(owner, concept_id) != spot.updated:
            self._drop(spot)
        return data

    def delete(self, owner: str, concept_id: str) -> int:
        """See `SegmentCache.delete`."""
        counts = [self._stored.delete(owner, concept_id)]
        seal = self._seal(owner)
        if seal is not None:
            concept = seal.concept(concept_id)
            counts += [tier.delete(seal.owner, concept) for tier in self._tiers]
            self._measures.uses.forget(seal.owner, concept)
        return max(counts)

    def nbytes(self, owner: str) -> int:
        """See `SegmentCache.nbytes`: those of the store; tiers have quotas of their own."""
        return self._stored.nbytes(owner)

    def delete_owner(self, owner: str) -> None:
        """See `SegmentCache.delete_owner`."""
        self._stored.delete_owner(owner)
        seal = self._seal(owner)
        if seal is not None:
            for tier in self._tiers:
                tier.delete(seal.owner)
            self._measures.uses.forget(seal.owner)

    def tidy(self, owner: str) -> int:
        """See `SegmentCache.tidy`: what others have forgotten, and what the store keeps but should not."""
        seal, count = self._seal(owner), self._stored.tidy(owner)
        if seal is None:
            return count
        ids = self._catalogue.ids(owner)
        concepts = {seal.concept(one) for one in ids}
        count += sum(tier.keep_only(seal.owner, concepts) for tier in self._tiers)
        review = self._keeping is not None and self._measures.uses.due(seal.owner)
        for concept_id in ids if review else ():
            # Of each model's segment its own seconds; if one of them pays, all stay.
            rows = self._catalogue.segments(owner, concept_id)
            known = [(row.blob.length, self._measures.made(row.fingerprint)) for row in rows]
            key = (seal.owner, seal.concept(concept_id))
            if rows and not any(self._paying(key, size, made.expected(size)) for size, made in known):
                count += self._stored.delete(owner, concept_id)
        return count

    def _spot(self, owner: str, concept_id: str, fingerprint: str) -> _Spot | None:
        with self._catalogue.reading():
            updated = self._catalogue.updated(owner, concept_id)
            seal = self._seal(owner)
        if seal is None:
            return None
        if updated is None:
            # Forgotten by somebody else, who could not reach what is here.
            for tier in self._tiers:
                tier.delete(seal.owner, seal.concept(concept_id))
            return None
        return _Spot(seal, seal.label(concept_id, updated, fingerprint), updated)

    def _seal(self, owner: str) -> Seal | None:
        key = self._catalogue.owner_key(owner)
        return None if key is None else Seal(key)

    def _from(self, tier: SegmentTier, spot: _Spot, uses: float) -> _Found | None:
        began = time.perf_counter()
        data = tier.get(spot.label, uses)
        if data is not None and tier.outside:
            try:
                data = spot.seal.opened(data, spot.label)
            except CorruptRecordError as error:
                log("damage.found", what="segment", tier=tier.name, error=error)
                tier.delete(*spot.key, spot.label.name)
                data = None
        return None if data is None else _Found(data, time.perf_counter() - began)

    def _lift(
        self,
        spot: _Spot,
        data: bytes,
        tiers: Sequence[SegmentTier],
        below: float | None,
        *,
        fresh: bool = False,
    ) -> bool:
        """Offer bytes to tiers.

        Args:
            spot: their name.
            data: the bytes.
            tiers: fastest first.
            below: seconds that they take without these tiers.
            fresh: they are new, and what has their name goes.
        """
        uses, kept, sealed = max(1.0, self._measures.uses.count(spot.key)), False, b""
        below = len(data) * _UNKNOWN if below is None else below
        for tier in reversed(tiers):
            here = self._measures.tier(tier.name).expected(len(data)) or 0.0
            if tier.outside and not sealed:
                sealed = spot.seal.shut(data, spot.label)
            # Never nothing: a slow moment must not keep a tier empty for ever.
            saved = max(below - here, _UNKNOWN)
            if tier.put(spot.label, sealed if tier.outside else data, saved, uses):
                kept, below = True, min(below, here or below)
            elif fresh:
                tier.delete(*spot.key, spot.label.name)
        return kept

    def _drop(self, spot: _Spot) -> None:
        for tier in self._tiers:
            tier.delete(*spot.key, spot.label.name)

    def _pays(self, spot: _Spot, nbytes: int, seconds: float | None) -> bool:
        return self._keeping is None or self._paying(spot.key, nbytes, seconds)

    def _paying(self, key: tuple[str, str], nbytes: int, seconds: float | None) -> bool:
        if self._keeping is None or seconds is None:
            return True
        uses = self._measures.uses
        return self._keeping.pays(nbytes, seconds, self._keeping.rate(uses.count(key), uses.months()))
