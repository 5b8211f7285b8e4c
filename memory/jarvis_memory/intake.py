"""What a user shows and tells, made ready to be stored: photos checked, profile built, patches mined."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import ImageError, InputError
from jarvis_retrievers.images import encode_png, load_image, pixel_digest
from jarvis_retrievers.patches import MinerConfig, PatchMiner

from .concept import Profile, check_note
from .profile import build_profile
from .store.draft import ConceptDraft, DraftPhoto

__all__ = ["Intake", "Photo", "check_notes"]

Photo = str | os.PathLike[str] | bytes | Image.Image
"""A photo as a path, the bytes of an image file, or a Pillow image."""

# A detail is found by asking for what details are called; the category comes from the profile.
_DETAILS = ("an emblem", "an accessory", "a distinctive detail")


class Intake:
    """Photos and notes in, a `ConceptDraft` out; nothing is stored here.

    Args:
        encoder: embeds crops and texts.
        config: how patches are mined.
    """

    def __init__(self, encoder: ImageTextEncoder, config: MinerConfig) -> None:
        self._encoder = encoder
        # an encoder that learned its own temperature knows it best
        scale = getattr(encoder, "logit_scale", None)
        self._miner = PatchMiner(encoder, replace(config, logit_scale=scale) if scale else config)

    def photos(self, photos: Sequence[Photo], name: str) -> list[Image.Image]:
        """Every photo read and checked; a photo given twice counts once.

        Raises:
            ImageError: no photo, or one that cannot be used.
            InputError: one photo where a list of photos is wanted.
        """
        if isinstance(photos, (str, bytes, os.PathLike, Image.Image)):
            raise InputError(f"photos must be a list, got one {type(photos).__name__}; write photos=[...]")
        images = {pixel_digest(image): image for image in map(load_image, photos)}
        if not images:
            raise ImageError(
                f"{name!r} needs at least one photo, got none; give one or more JPEG, PNG or WEBP files"
            )
        return list(images.values())

    def draft(
        self,
        name: str,
        aliases: Sequence[str],
        category: str | None,
        notes: Sequence[str],
        photos: Sequence[Image.Image],
        others: NDArray[np.float32] | None,
    ) -> ConceptDraft:
        """Build the profile, mine the patches, embed the profile.

        Args:
            name, aliases, category, notes: as the owner gave them.
            photos: as `photos` returned them.
            others: (m, dim) patch vectors of the owner's other concepts.
        """
        profile = build_profile(name, notes, category)
        patches = self._miner.mine(photos, self.prompts(profile), others)
        return ConceptDraft(
            name=name,
            aliases=aliases,
            category=category,
            notes=notes,
            photos=[DraftPhoto(encode_png(p), pixel_digest(p), p.width, p.height) for p in photos],
            patches=patches,
            profile_vectors=self._encoder.encode_texts(self.descriptions(profile)),
            profile=profile,
            encoder=self._encoder.fingerprint,
        )

    @staticmethod
    def prompts(profile: Profile) -> list[str]:
        """What the miner looks for: the category, the fingerprint attributes, and what details are called."""
        whole = [f"a photo of a {profile.category}"] if profile.category else []
        return [*whole, *(part.partition(":")[2].strip() or part for part in profile.attributes), *_DETAILS]

    @staticmethod
    def descriptions(profile: Profile) -> list[str]:
        """The texts that stand for the concept in the index: its caption or category, then its facts."""
        first = profile.caption or (f"a photo of a {profile.category}" if profile.category else profile.name)
        return [first, *profile.facts]


def check_notes(about: str | Sequence[str]) -> list[str]:
    """Notes of one or more texts; blank ones are left out.

    Raises:
        InputError: a note that cannot be stored.
    """
    notes = [about] if isinstance(about, str) else list(about)
    return [check_note(note) for note in notes if note.strip()]
