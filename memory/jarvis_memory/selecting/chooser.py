"""Chooses the tokens of photos that a segment keeps."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.crops import crop
from jarvis_retrievers.masker import SubjectMasker, checked_masks

from ..concept import Concept, Profile
from ..profile import build_profile, with_article
from ..store.draft import ConceptDraft
from ..vlm import VLM
from .area import asked_area
from .keywords import keywords
from .selection import Selection
from .selector import Selecting, Selector
from .tokens import even_tokens, strongest_tokens, token_budget

__all__ = ["TokenChooser"]


class TokenChooser:
    """Chooses as a home is set; the same photos, profile and model give the same tokens.

    Args:
        vlm: whose tokens they are.
        selecting: the choice of the home.
        layers: gives those to look at; asked with ``attention`` only.
        masker: where on photos the subject is, if that is known.
    """

    def __init__(
        self,
        vlm: VLM,
        selecting: Selecting,
        layers: Callable[[], Sequence[int]],
        masker: SubjectMasker | None = None,
    ) -> None:
        self._vlm, self._selecting, self._layers, self._masker = vlm, selecting, layers, masker

    @property
    def selecting(self) -> Selecting:
        """The choice of the home."""
        return self._selecting

    def known(self, concept: Concept) -> tuple[Selection, ...]:
        """What is recorded of a concept, if it was chosen as this one chooses; else nothing."""
        fits = (self._vlm.fingerprint, self._selecting.key)
        kept = concept.selections
        return kept if kept and all((one.model, one.key) == fits for one in kept) else ()

    def chosen(self, draft: ConceptDraft, old: Concept | None = None) -> ConceptDraft:
        """A draft with the tokens of its photos; those of photos that ``old`` had stay."""
        if self._selecting.selector is Selector.PATCHES:
            return draft
        done = () if old is None else self.known(old)
        boxes = [(patch.photo, patch.box) for patch in draft.patches]
        profile = draft.profile or build_profile(draft.name, draft.notes, draft.category)
        photos = [_opened(photo.data) for photo in draft.checked_photos]
        return replace(draft, selections=(*done, *self.choose(profile, photos, boxes, len(done))))

    def choose(
        self,
        profile: Profile,
        photos: Sequence[Image.Image],
        patches: Sequence[tuple[int, Box]],
        first: int = 0,
        words: Sequence[str] = (),
    ) -> tuple[Selection, ...]:
        """The tokens of each photo from the number ``first`` on.

        ``attention`` (Ego, arXiv 2603.09771, sections 3.2 and 3.3): importance of a token is the attention
        from keywords, the mean over words, heads and layers; of N tokens ``min(K, a N / 100)`` are kept, a
        the subject's area in percent: that of its mask, else what the model says, else of the largest patch.

        Args:
            profile: of the concept.
            photos: all, RGB.
            patches: number of the photo, and box, of each patch.
            first: how many photos are done already.
            words: keywords; those of the profile by default, or of the model if it has no attributes.

        Raises:
            UnsupportedModelError: the attention of this model cannot be looked at.
        """
        left = range(first, len(photos))
        if self._selecting.selector is Selector.ATTENTION and left and not words:
            crops = [crop(photos[n], box, self._vlm.patch_side) for n, box in patches]
            words = keywords(self._vlm, profile, crops or photos)
        return tuple(self._one(profile, photos[n], [b for i, b in patches if i == n], words) for n in left)

    def _one(
        self, profile: Profile, photo: Image.Image, boxes: Sequence[Box], words: Sequence[str]
    ) -> Selection:
        sight = self._vlm.sight
        rows, columns, tokens = sight.cells(photo)
        places = rows * columns
        kept: tuple[int, ...] | None = None
        if self._selecting.selector is Selector.UNIFORM:
            kept = even_tokens(rows, columns, self._selecting.most(places))
        elif self._selecting.selector is Selector.ATTENTION:
            budget = token_budget(self._selecting.most(places), self._area(profile, photo, boxes), places)
            attention = sight.attention(photo, profile.name, words)[list(self._layers()), :places]
            kept = strongest_tokens(attention.mean(0).tolist(), budget)
        if kept is not None:
            kept = (*kept, *range(places, tokens))  # what has no place on the photo closes it
        return Selection(
            model=self._vlm.fingerprint,
            key=self._selecting.key,
            rows=rows,
            columns=columns,
            tokens=tokens,
            kept=kept,
        )

    def _area(self, profile: Profile, photo: Image.Image, boxes: Sequence[Box]) -> float:
        """Percent of a photo that its subject takes."""
        prompt = f"a photo of {with_article(profile.category)}" if profile.category else profile.name
        (mask,) = checked_masks(self._masker, [photo], [prompt])
        if mask is not None:
            return 100 * float(np.mean(mask))
        said = asked_area(self._vlm, photo, profile.name)
        if said is not None:
            return said
        return max((100 * box.area / (photo.width * photo.height) for box in boxes), default=100.0)


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")
