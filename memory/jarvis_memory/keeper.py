"""Keeps the segments of one owner: loads them, and makes again what is missing, foreign or damaged."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from jarvis_retrievers.errors import CorruptRecordError, FingerprintError
from jarvis_retrievers.patches import crop

from .concept import Concept, check_name
from .kv import Segment, Storage
from .profile import build_profile, profile_text
from .store.draft import ConceptDraft
from .store.owner import OwnerStore
from .tiers import SegmentTiers, TierKey
from .vlm import VLM, SegmentSource
from .watching import Loaded, Origin, tell

__all__ = ["Kept", "SegmentKeeper"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A segment, its key at hand, whether it was stored, and what the user should know about that."""

    segment: Segment
    key: TierKey
    stored: bool
    notice: str | None = None


class SegmentKeeper:
    """A segment is a cache: used only with the right fingerprint and digest, and can always be made again.

    Args:
        store: where segments, photos and profiles are.
        vlm: the model that encodes.
        storage: how rows are stored; what is stored otherwise is read all the same.
        tiers: keep what was used lately at hand.
    """

    def __init__(self, store: OwnerStore, vlm: VLM, storage: Storage, tiers: SegmentTiers) -> None:
        self._store, self._vlm, self._storage, self._tiers = store, vlm, storage, tiers

    def source(self, concept: Concept) -> SegmentSource:
        """What a concept's segment is made from: its profile, and its patches cut from the stored photos.

        Raises:
            CorruptRecordError: a photo is damaged; it has to be given again.
        """
        photos: dict[str, Image.Image] = {}
        patches = []
        for patch in concept.patches:
            if patch.photo_id not in photos:
                photos[patch.photo_id] = Image.open(io.BytesIO(self._store.photo(patch.photo_id))).convert(
                    "RGB"
                )
            patches.append(crop(photos[patch.photo_id], patch.box, self._vlm.patch_side))
        return SegmentSource(concept.name, profile_text(concept.profile), tuple(patches))

    def make(self, draft: ConceptDraft, photos: Sequence[Image.Image]) -> Segment:
        """The segment of a concept that is not stored yet; ``photos`` are the draft's, decoded.

        Raises:
            ContextError: it is longer than the model's window.
        """
        name = check_name(draft.name)
        profile = draft.profile or build_profile(name, draft.notes, draft.category)
        side = self._vlm.patch_side
        patches = tuple(crop(photos[patch.photo], patch.box, side) for patch in draft.patches)
        return self._vlm.encode_segment(SegmentSource(name, profile_text(profile), patches))

    def grown(self, old: Concept, draft: ConceptDraft, photos: Sequence[Image.Image]) -> Segment:
        """The segment of a draft that adds to a stored concept; ``photos`` are the new ones, decoded.

        What stands before a patch does not depend on it, so if the profile is the same the stored segment is
        extended; otherwise all is encoded again, from the stored photos.
        """
        side, profile = self._vlm.patch_side, draft.profile
        added = draft.patches[len(old.patches) :]
        crops = [crop(photos[patch.photo - len(old.photos)], patch.box, side) for patch in added]
        same = profile is not None and profile_text(profile) == profile_text(old.profile)
        if same and self._storage.rounds:
            kept = self.get(old)
            return self._vlm.extend_segment(kept.segment, old.name, crops)
        text = profile_text(profile or old.profile)
        patches = (*self.source(old).patches, *crops)
        return self._vlm.encode_segment(SegmentSource(old.name, text, patches))

    def encode(self, concept: Concept) -> Segment:
        """Encode a stored concept and keep its segment."""
        segment = self._vlm.encode_segment(self.source(concept))
        self.keep(concept, segment)
        return segment

    def keep(self, concept: Concept, segment: Segment) -> None:
        """Store the segment of a concept; a home that cannot be written goes without."""
        # What is at hand was made of what the concept was, or stored in another way.
        self._tiers.forget(concept.id)
        if not self._store.read_only:
            data = self._vlm.segment_to_bytes(segment, self._storage)
            self._store.put_segment(
                concept.id, self._vlm.fingerprint, data, tokens=segment.tokens, updated=concept.updated
            )

    def get(self, concept: Concept) -> Kept:
        """The segment of a concept: at hand, or from the store if it is there and sound, else made again."""
        began = time.perf_counter()
        kept, origin = self._get(concept)
        segment, took = kept.segment, time.perf_counter() - began
        tell(Loaded(concept.id, concept.name, origin, segment.tokens, segment.nbytes, took))
        return kept

    def _get(self, concept: Concept) -> tuple[Kept, Origin]:
        key = TierKey(concept.id, concept.updated, self._vlm.fingerprint)
        segment = self._tiers.get(key)
        if segment is not None:
            return Kept(segment, key, stored=True), "hand"
        try:
            segment = self._stored(concept)
            if segment is not None:
                return Kept(self._tiers.put(key, segment), key, stored=True), "store"
            notice = None
        except (CorruptRecordError, FingerprintError) as error:
            notice = (
                f"the stored segment of {concept.name!r} could not be used and was encoded again ({error})"
            )
            _log.warning(notice)
            if not self._store.read_only:
                self._store.drop_segments(concept.id)
        segment = self.encode(concept)
        if self._store.read_only:
            # Elsewhere it is read back next time, and is then to the bit what any later process reads.
            self._tiers.put(key, segment)
        return Kept(segment, key, stored=False, notice=notice), "encoded"

    def _stored(self, concept: Concept) -> Segment | None:
        data = self._store.get_segment(concept.id, self._vlm.fingerprint)
        if data is None:
            return None
        segment = self._vlm.segment_from_bytes(data)
        wanted = self._vlm.segment_ids(concept.name, profile_text(concept.profile), len(concept.patches))
        if segment.token_ids != wanted:
            raise CorruptRecordError("its tokens are not those of the concept's profile and patches")
        return segment
