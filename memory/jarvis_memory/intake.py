"""What a user shows and tells, made ready to be stored: photos checked, profile built, patches mined."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import (
    DuplicateConceptError,
    HomeReadOnlyError,
    ImageError,
    UnknownConceptError,
)
from jarvis_retrievers.images import encode_png, load_image, pixel_digest
from jarvis_retrievers.masker import SubjectMasker
from jarvis_retrievers.patches import MinerConfig, PatchMiner

from .checks import check_photos
from .concept import Concept, Edits, Moment, Profile, check_note
from .profile import build_profile, with_article
from .profiling.making import Describe, ProfileMaking
from .store.contracts import VectorRows
from .store.draft import ConceptDraft, DraftPatch, DraftPhoto, PatchLike
from .store.owner import OwnerStore

__all__ = ["Describe", "Intake", "Photo", "check_notes"]

Photo = str | os.PathLike[str] | bytes | Image.Image
"""A photo as a path, the bytes of an image file, or a Pillow image."""

_SUBJECTS = ("a photo of a pet", "a photo of a person", "a photo of a thing")


class Intake:
    """Photos and notes in, a `ConceptDraft` out; nothing is stored here.

    Args:
        encoder: embeds crops and texts.
        config: how patches are mined.
        subjects: what the miner looks for where no category is known.
        masker: where on photos the subject is, if that is known.
    """

    def __init__(
        self,
        encoder: ImageTextEncoder,
        config: MinerConfig,
        subjects: Sequence[str] = _SUBJECTS,
        masker: SubjectMasker | None = None,
    ) -> None:
        self._encoder, self._subjects = encoder, subjects
        # an encoder that learned its own temperature knows it best
        scale = getattr(encoder, "logit_scale", None)
        config = replace(config, logit_scale=scale) if scale else config
        self._miner = PatchMiner(encoder, config, masker=masker)

    @staticmethod
    def photos(photos: Sequence[Photo], name: str) -> list[Image.Image]:
        """Every photo read and checked; a photo given twice counts once.

        Raises:
            ImageError: no photo, or one that cannot be used.
            InputError: one photo where a list of photos is wanted.
        """
        check_photos(photos, "photos")
        images = {pixel_digest(image): image for image in map(load_image, photos)}
        if not images:
            raise ImageError(
                f"{name!r} needs at least one photo, got none; give one or more JPEG, PNG or WEBP files"
            )
        return list(images.values())

    def embed(self, concepts: Sequence[Sequence[Image.Image]]) -> list[NDArray[np.float32]]:
        """Of each concept's photos the vectors of all windows; see `PatchMiner.embed`."""
        return self._miner.embed(concepts)

    def draft(
        self,
        name: str,
        aliases: Sequence[str],
        category: str | None,
        notes: Sequence[str],
        photos: Sequence[Image.Image],
        others: NDArray[np.float32] | None,
        *,
        old: Concept | None = None,
        edits: Edits | None = None,
        describe: Describe | None = None,
        moments: Mapping[str, Moment] | None = None,
        seen: NDArray[np.float32] | None = None,
    ) -> ConceptDraft:
        """Build the profile, mine the patches, describe them, embed the profile.

        Args:
            name, aliases, category, notes: as the owner gave them.
            photos: as `photos` returned them.
            others: (m, dim) patch vectors of the owner's other concepts.
            old: the concept that is made again, if it is one.
            edits: what of its profile is written by hand.
            describe: asks a model for a description of the photos; None leaves it as it was.
            moments: by the digest of its pixels where a photo is from that is a frame; those of ``old`` are
                known.
            seen: what `embed` gave for these photos; embedded here by default.
        """
        known = {} if old is None else {p.digest: p.moment for p in old.photos if p.moment is not None}
        made = ProfileMaking(build_profile(name, notes, category), old, edits)
        found = self._miner.survey(photos, self.prompts(made.profile), others, seen=seen)
        profile = made.described(describe, found.patches)
        return ConceptDraft(
            name=name,
            aliases=aliases,
            category=category,
            notes=notes,
            photos=[_photo(photo, {**(moments or {}), **known}) for photo in photos],
            patches=found.patches,
            subjects=found.subjects,
            profile_vectors=self._encoder.encode_texts(self.descriptions(profile)),
            profile=profile,
            encoder=self._encoder.fingerprint,
            edits=made.edits,
            description=made.description,
            history=made.history,
        )

    def extended(
        self,
        old: Concept,
        stored: Sequence[bytes],
        vectors: VectorRows,
        notes: Sequence[str],
        category: str | None,
        aliases: Sequence[str],
        photos: Sequence[Image.Image],
        others: NDArray[np.float32] | None,
        edits: Edits | None = None,
        describe: Describe | None = None,
        moments: Mapping[str, Moment] | None = None,
        alone: bool = False,
    ) -> ConceptDraft:
        """A concept with more photos, notes, aliases or edits; only the new photos are mined.

        Args:
            old: as it is stored; its vectors are of this encoder.
            stored: the bytes of its photos.
            vectors: of this concept.
            notes: all of them, old and new.
            category, aliases: all of them.
            photos: the new ones; none of them is there already.
            others: (m, dim) patch vectors of the owner's other concepts.
            edits: all that is written by hand; None leaves it as it was.
            describe: as for `draft`; it is given the patches of all photos.
            moments: as for `draft`, of the new photos.
            alone: they stand alone from now on, and get as many patches as those of a new concept.
        """
        made = ProfileMaking(build_profile(old.name, notes, category), old, edits)
        ids = {photo.id: place for place, photo in enumerate(old.photos)}
        rows = {int(vector_id): row for vector_id, row in zip(vectors.ids, vectors.matrix, strict=True)}
        patches: list[PatchLike] = [
            DraftPatch(ids[p.photo_id], p.box, p.relevance, p.distinctiveness, p.score, rows[p.id])
            for p in old.patches
        ]
        subjects: list[PatchLike] = []
        if photos:
            found = self._miner.survey(photos, self.prompts(made.profile), others, added=not alone)
            patches += [replace(patch, photo=patch.photo + len(old.photos)) for patch in found.patches]
            subjects += [replace(patch, photo=patch.photo + len(old.photos)) for patch in found.subjects]
        profile = made.described(describe, patches)
        same = profile == old.profile
        known = zip(stored, old.photos, strict=True)
        kept = [rows[int(i)] for i, kind in zip(vectors.ids, vectors.kinds, strict=True) if kind == "profile"]
        texts = np.stack(kept) if same and kept else self._encoder.encode_texts(self.descriptions(profile))
        return ConceptDraft(
            name=old.name,
            aliases=aliases,
            category=category,
            notes=notes,
            photos=[
                *(DraftPhoto(data, p.digest, p.width, p.height, p.moment) for data, p in known),
                *(_photo(photo, moments or {}) for photo in photos),
            ],
            patches=patches,
            subjects=subjects,
            profile_vectors=texts,
            profile=profile,
            encoder=self._encoder.fingerprint,
            edits=made.edits,
            description=made.description,
            history=made.history,
        )

    def prompts(self, profile: Profile) -> list[str]:
        """What the miner looks for as the subject: its category if known, and its fingerprint attributes."""
        whole = [f"a photo of {with_article(profile.category)}"] if profile.category else list(self._subjects)
        return [*whole, *(part.partition(":")[2].strip() or part for part in profile.attributes)]

    @staticmethod
    def descriptions(profile: Profile) -> list[str]:
        """The texts that stand for the concept in the index: its caption or category, then its facts."""
        known = f"a photo of {with_article(profile.category)}" if profile.category else profile.name
        first = profile.caption or known
        return [first, *profile.facts]


def _photo(photo: Image.Image, moments: Mapping[str, Moment]) -> DraftPhoto:
    digest = pixel_digest(photo)
    return DraftPhoto(encode_png(photo), digest, photo.width, photo.height, moments.get(digest))


def check_notes(about: str | Sequence[str]) -> list[str]:
    """Notes of one or more texts; blank ones are left out.

    Raises:
        InputError: a note that cannot be stored.
    """
    notes = [about] if isinstance(about, str) else list(about)
    return [check_note(note) for note in notes if note.strip()]


def check_writable(store: OwnerStore) -> None:
    """Let only a home pass that can be written.

    Raises:
        HomeReadOnlyError: the home cannot be written; told before any work is done.
    """
    if store.read_only:
        raise HomeReadOnlyError("this home cannot be written; check its permissions, nothing was changed")


def check_absent(store: OwnerStore, name: str) -> None:
    """Let only a name pass that is still free.

    Raises:
        DuplicateConceptError: there is a concept of this name.
    """
    try:
        there = store.get(name)
    except UnknownConceptError:
        return
    raise DuplicateConceptError(f"{there.name!r} is remembered already; update it, or forget it first")


def other_patches(
    store: OwnerStore, encoder: str, *, but: Collection[str] = ()
) -> NDArray[np.float32] | None:
    """Patch vectors (n, dim) of the owner's concepts that this encoder made; None if there are none.

    Args:
        store: the owner's store.
        encoder: fingerprint of the encoder.
        but: ids of concepts to leave out; their rows are not read.
    """
    theirs = {c.id for c in store.list() if c.id not in but and c.encoder == encoder}
    if not theirs:
        return None
    rows = store.vectors(theirs)
    keep = [place for place, kind in enumerate(rows.kinds) if kind == "patch"]
    return rows.matrix[keep] if keep else None
