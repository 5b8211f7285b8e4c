"""Keeps the segments of one owner: loads them, and makes again what is missing, foreign or damaged."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from jarvis_retrievers.errors import CorruptRecordError, FingerprintError
from jarvis_retrievers.log import log
from jarvis_retrievers.patches import crop

from .concept import Concept, check_name
from .kv import Segment, Storage
from .profile import build_profile, profile_text
from .selecting.chooser import TokenChooser
from .selecting.selector import Selecting
from .store.draft import ConceptDraft
from .store.owner import OwnerStore
from .tally import Miss, Tally
from .tiers import SegmentTiers, TierKey
from .vlm import VLM, Excerpt, SegmentSource
from .watching import Loaded, Origin, tell

__all__ = ["Kept", "SegmentKeeper"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A segment, its key at hand, why it had to be encoded if it had, and what the user should know."""

    segment: Segment
    key: TierKey
    miss: Miss | None = None
    notice: str | None = None

    @property
    def stored(self) -> bool:
        """Whether it was there, at hand or in the store."""
        return self.miss is None


class SegmentKeeper:
    """A segment is a cache: used only with the right fingerprint and digest, and can always be made again.

    Args:
        store: where segments, photos and profiles are.
        vlm: the model that encodes.
        storage: how rows are stored; what is stored otherwise is read all the same.
        tiers: keep what was used lately at hand.
        chooser: what of photos segments are made from; patches by default.
        tally: counts what was there and what was not.
    """

    def __init__(
        self,
        store: OwnerStore,
        vlm: VLM,
        storage: Storage,
        tiers: SegmentTiers,
        chooser: TokenChooser | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._tally = tally or Tally()
        self._store, self._vlm, self._storage, self._tiers = store, vlm, storage, tiers
        self._chooser = chooser or TokenChooser(vlm, Selecting(), tuple)
        word = self._chooser.selecting.key
        # Segments of patches and of tokens are never taken for each other, and a home may hold both.
        self._key = f"{vlm.fingerprint}:{word}" if word else vlm.fingerprint

    def source(self, concept: Concept) -> SegmentSource:
        """What a concept's segment is made from: its profile, and patches or tokens of the stored photos.

        Tokens that were recorded for another model or another choice are chosen anew.

        Raises:
            CorruptRecordError: a photo is damaged; it has to be given again.
        """
        photos: dict[str, Image.Image] = {}

        def photo(photo_id: str) -> Image.Image:
            if photo_id not in photos:
                photos[photo_id] = Image.open(io.BytesIO(self._store.photo(photo_id))).convert("RGB")
            return photos[photo_id]

        concept, text = concept.now, profile_text(concept.profile)
        if self._key == self._vlm.fingerprint:
            side = self._vlm.patch_side
            patches = tuple(crop(photo(patch.photo_id), patch.box, side) for patch in concept.patches)
            return SegmentSource(concept.name, text, patches)
        images, kept = [photo(one.id) for one in concept.photos], self._chooser.known(concept)
        if not kept:
            order = [one.id for one in concept.photos]
            boxes = [(order.index(patch.photo_id), patch.box) for patch in concept.patches]
            kept = self._chooser.choose(concept.profile, images, boxes)
        shown = tuple(Excerpt(one, tokens.kept) for one, tokens in zip(images, kept, strict=True))
        return SegmentSource(concept.name, text, (), shown)

    def make(self, draft: ConceptDraft, photos: Sequence[Image.Image]) -> Segment:
        """The segment of a concept that is not stored yet; ``photos`` are the draft's, decoded.

        Raises:
            ContextError: it is longer than the model's window.
        """
        name = check_name(draft.name)
        profile = draft.profile or build_profile(name, draft.notes, draft.category)
        return self._vlm.encode_segment(
            self._shown(name, profile_text(profile), draft, photos[draft.past :], draft.past)
        )

    def grown(self, old: Concept, draft: ConceptDraft, photos: Sequence[Image.Image]) -> Segment:
        """The segment of a draft that adds to a stored concept; ``photos`` are the new ones, decoded.

        What stands before a patch does not depend on it, so if the profile is the same the stored segment is
        extended; otherwise all is encoded again, from the stored photos.
        """
        profile, before = draft.profile, len(old.photos)
        text = profile_text(profile or old.profile)
        kept = draft.selections[:before]
        same = text == profile_text(old.profile) and kept == self._chooser.known(old)
        if same and draft.past == old.past and self._storage.rounds:
            new = self._shown(old.name, text, draft, photos, before)
            segment = self.get(old).segment
            return self._vlm.extend_segment(segment, old.name, new.patches, new.photos)
        stored = [
            Image.open(io.BytesIO(photo.data)).convert("RGB") for photo in draft.checked_photos[:before]
        ]
        images = [*stored, *photos][draft.past :]
        return self._vlm.encode_segment(self._shown(old.name, text, draft, images, draft.past))

    def _shown(
        self,
        name: str,
        text: str,
        draft: ConceptDraft,
        photos: Sequence[Image.Image],
        before: int,
    ) -> SegmentSource:
        """The source of a draft from photo number ``before`` on; ``photos`` are those."""
        if draft.selections:
            shown = zip(photos, draft.selections[before:], strict=True)
            return SegmentSource(name, text, (), tuple(Excerpt(one, kept.kept) for one, kept in shown))
        side = self._vlm.patch_side
        new = (one for one in draft.patches if one.photo >= before)
        crops = (crop(photos[one.photo - before], one.box, side) for one in new)
        return SegmentSource(name, text, tuple(crops))

    def scores(self, concept: Concept) -> tuple[float, ...]:
        """How much each patch of a concept's segment is worth, falling; later photos are worth less."""
        concept = concept.now
        if self._key == self._vlm.fingerprint:
            return tuple(patch.score for patch in concept.patches)
        return tuple(1 / number for number in range(1, len(concept.photos) + 1))

    def encode(self, concept: Concept) -> Segment:
        """Encode a stored concept and keep its segment."""
        began = time.perf_counter()
        segment = self._vlm.encode_segment(self.source(concept))
        self.keep(concept, segment, time.perf_counter() - began)
        return segment

    def keep(self, concept: Concept, segment: Segment, seconds: float | None = None) -> None:
        """Store the segment of a concept, which took so long to make; a home that cannot be written goes
        without.
        """
        # What is at hand was made of what the concept was, or stored in another way.
        self._tiers.forget(concept.id)
        if not self._store.read_only:
            data = self._vlm.segment_to_bytes(segment, self._storage)
            facts = {"tokens": segment.tokens, "updated": concept.updated}
            self._store.put_segment(concept.id, self._key, data, **facts, seconds=seconds)

    def get(self, concept: Concept) -> Kept:
        """The segment of a concept: at hand, or from the store if it is there and sound, else made again."""
        began = time.perf_counter()
        kept, origin = self._get(concept)
        segment, took = kept.segment, time.perf_counter() - began
        self._tally.count(kept.miss or ("hand" if origin == "hand" else "store"))
        tell(Loaded(concept.id, concept.name, origin, segment.tokens, segment.nbytes, took, kept.miss))
        return kept

    def _get(self, concept: Concept) -> tuple[Kept, Origin]:
        key = TierKey(concept.id, concept.updated, self._key)
        segment = self._tiers.get(key)
        if segment is not None:
            return Kept(segment, key), "hand"
        try:
            segment = self._stored(concept)
            if segment is not None:
                return Kept(self._tiers.put(key, segment), key), "store"
            notice, miss = None, self._why_missing(concept)
        except (CorruptRecordError, FingerprintError) as error:
            miss = "foreign" if isinstance(error, FingerprintError) else "damaged"
            notice = (
                f"the stored segment of {concept.name!r} could not be used and was encoded again ({error})"
            )
            log("damage.found", what="segment", concept=concept.id, error=error)
            if not self._store.read_only:
                self._store.drop_segments(concept.id)
        segment = self.encode(concept)
        if self._store.read_only:
            # Elsewhere it is read back next time, and is then to the bit what any later process reads.
            self._tiers.put(key, segment)
        return Kept(segment, key, miss, notice), "encoded"

    def _why_missing(self, concept: Concept) -> Miss:
        """Whether there is a segment of it at all, which only this model cannot use."""
        return "foreign" if self._store.segment_fingerprints(concept.id) else "missing"

    def _stored(self, concept: Concept) -> Segment | None:
        data = self._store.get_segment(concept.id, self._key)
        if data is None:
            return None
        segment, concept = self._vlm.segment_from_bytes(data), concept.now
        patches, counts = len(concept.patches), []
        if self._key != self._vlm.fingerprint:
            known = self._chooser.known(concept)
            # What was chosen without being recorded is in the segment alone, which has a digest.
            seen = [part.seen for part in segment.parts[1:]]
            patches, counts = 0, [one.count for one in known] if known else seen[: len(concept.photos)]
        text = profile_text(concept.profile)
        if segment.token_ids != self._vlm.segment_ids(concept.name, text, patches, counts):
            raise CorruptRecordError("its tokens are not those of the concept's profile and patches")
        return segment
