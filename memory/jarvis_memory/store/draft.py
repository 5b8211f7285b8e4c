"""What a caller hands over to be remembered, checked before anything is written."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import InputError

from ..concept import (
    Concept,
    Edits,
    Moment,
    PastProfile,
    PatchRecord,
    PhotoRecord,
    Profile,
    Selection,
    check_name,
    check_note,
    name_key,
)
from ..profile import build_profile
from ..profiling.description import Description
from .contracts import BlobRef, ConceptRows

__all__ = ["ConceptDraft", "DraftPatch", "DraftPhoto", "PatchLike"]


class DraftPhoto(NamedTuple):
    """A photo to store: encoded bytes (PNG), the digest of its pixels in hex, its size in pixels, and where
    it is from if it is a frame of a video.
    """

    data: bytes
    digest: str
    width: int
    height: int
    moment: Moment | None = None


class PatchLike(Protocol):
    """What is needed of a mined patch; the miner's own `Patch` fits.

    ``photo`` is the position of its photo in the draft, ``vector`` is float (dim,).
    """

    @property
    def photo(self) -> int: ...  # noqa: D102

    @property
    def box(self) -> Box: ...  # noqa: D102

    @property
    def relevance(self) -> float: ...  # noqa: D102

    @property
    def distinctiveness(self) -> float: ...  # noqa: D102

    @property
    def score(self) -> float: ...  # noqa: D102

    @property
    def vector(self) -> NDArray[np.float32]: ...  # noqa: D102


@dataclass(frozen=True, eq=False, slots=True)
class DraftPatch:
    """The plainest `PatchLike`."""

    photo: int
    box: Box
    relevance: float
    distinctiveness: float
    score: float
    vector: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ConceptDraft:
    """A concept before it has ids.

    Attributes:
        name, aliases, category, notes: as the owner gave them.
        photos: `DraftPhoto` or plain tuples of its first four.
        patches: of photos that came together best first; those of later photos stand behind.
        subjects: of each photo that was mined for this draft what shows the whole subject best; to check
            photos with, not stored.
        profile_vectors: float (m, dim), the profile in the encoder's space; same dim as the patches'.
        profile: made from name, notes and category by `build_profile` if left out.
        encoder: fingerprint of the encoder that made the vectors.
        edits: what of the profile was written by hand.
        description: what a model has made of the photos.
        history: what the profile was before.
        selections: of each photo the tokens that its segment keeps; none where that is made of patches.
        past: how many photos, the first ones, show it as it looked before.
    """

    name: str
    aliases: Sequence[str] = ()
    category: str | None = None
    notes: Sequence[str] = ()
    photos: Sequence[
        DraftPhoto | tuple[bytes, str, int, int] | tuple[bytes, str, int, int, Moment | None]
    ] = ()
    patches: Sequence[PatchLike] = ()
    subjects: Sequence[PatchLike] = ()
    profile_vectors: NDArray[np.float32] | None = None
    profile: Profile | None = None
    encoder: str = ""
    edits: Edits = field(default_factory=Edits)
    description: Description | None = None
    history: tuple[PastProfile, ...] = ()
    selections: tuple[Selection, ...] = ()
    past: int = 0
    _photos: tuple[DraftPhoto, ...] = field(init=False, repr=False)
    _concept: Concept = field(init=False, repr=False)
    _vectors: tuple[NDArray[np.float16], NDArray[np.float16]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        photos = tuple(DraftPhoto(*photo) for photo in self.photos)
        object.__setattr__(self, "_photos", photos)
        object.__setattr__(self, "_concept", self._build(photos))
        object.__setattr__(self, "_vectors", self._halves())

    @property
    def checked_photos(self) -> tuple[DraftPhoto, ...]:
        """The photos, in order."""
        return self._photos

    @property
    def photo_ids(self) -> tuple[str, ...]:
        """What their ids will be, in order."""
        return tuple(photo.id for photo in self._concept.photos)

    @property
    def dim(self) -> int | None:
        """Numbers per vector; None if the draft has no vector."""
        return next((matrix.shape[1] for matrix in self._vectors if len(matrix)), None)

    def rows(self, owner: str, concept_id: str, blobs: Sequence[BlobRef]) -> ConceptRows:
        """What a catalogue writes for this draft, once its photos are stored as ``blobs``."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        change = {"owner": owner, "id": concept_id, "created_at": now, "updated_at": now}
        return ConceptRows(self._concept.model_copy(update=change), tuple(blobs), *self._vectors)

    def _build(self, photos: Sequence[DraftPhoto]) -> Concept:
        name = check_name(self.name)
        notes = tuple(check_note(note) for note in _texts("notes", self.notes))
        aliases = {name_key(alias): alias for alias in map(check_name, _texts("aliases", self.aliases))}
        aliases.pop(name_key(name), None)
        category = None if self.category is None else check_name(self.category)
        records = tuple(_photo(number, photo) for number, photo in enumerate(photos))
        if self.selections and len(self.selections) != len(photos):
            raise InputError(f"tokens are kept of {len(self.selections)} photos, but there are {len(photos)}")
        if not 0 <= self.past <= len(photos) or (photos and self.past == len(photos)):
            raise InputError(
                f"{self.past} of {len(photos)} photos show what was; leave one that shows what is"
            )
        profile = self.profile or build_profile(name, notes, category)
        # One written by hand or seen by a model is the profile's alone, so that it can be reset or seen anew.
        borrowed = self.edits.category is not None or (
            self.description is not None and profile.category == self.description.category
        )
        return Concept(
            id="",
            owner="",
            name=name,
            aliases=tuple(aliases.values()),
            category=category or (None if borrowed else profile.category),
            about=notes,
            profile=profile,
            encoder=self.encoder,
            edits=self.edits,
            description=self.description,
            history=self.history,
            selections=self.selections,
            past=self.past,
            photos=records,
            patches=tuple(_patch(number, patch, records) for number, patch in enumerate(self.patches)),
        )

    def _halves(self) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
        patches = [np.asarray(patch.vector, dtype=np.float32) for patch in self.patches]
        given = np.zeros((0, 0)) if self.profile_vectors is None else self.profile_vectors
        profile = np.asarray(given, dtype=np.float32)
        if profile.ndim != 2:
            raise InputError(f"profile vectors must be (m, dim), got shape {profile.shape}")
        shapes = {vector.shape for vector in patches} | ({profile.shape[1:]} if len(profile) else set())
        if len(shapes) > 1 or any(len(shape) != 1 or shape[0] == 0 for shape in shapes):
            raise InputError(f"all vectors of a concept must have the same (dim,), got {sorted(shapes)}")
        matrix = np.stack(patches) if patches else np.zeros((0, profile.shape[1]), np.float32)
        return _half(matrix), _half(profile)


def _half(matrix: NDArray[np.float32]) -> NDArray[np.float16]:
    if not np.isfinite(matrix).all() or (np.abs(matrix) > np.finfo(np.float16).max).any():
        raise InputError("vectors must be finite and fit 16-bit floats (up to 65504); scale them to length 1")
    return matrix.astype(np.float16)


def _texts(what: str, values: Sequence[str]) -> tuple[str, ...]:
    # A plain string is a sequence of strings too, and would become one note per letter.
    if isinstance(values, str):
        raise InputError(f"{what} must be a list of texts, got one text; put it into a list")
    return tuple(values)


def _photo(number: int, photo: DraftPhoto) -> PhotoRecord:
    if not isinstance(photo.data, bytes) or not photo.data:
        raise InputError(
            f"photo {number} must be the bytes of an encoded image, got {str(photo.data)[:20]!r}"
        )
    if photo.width < 1 or photo.height < 1:
        raise InputError(f"photo {number} must have at least one pixel, got {photo.width} x {photo.height}")
    size = {"width": int(photo.width), "height": int(photo.height)}
    return PhotoRecord(id=secrets.token_hex(16), digest=photo.digest, moment=photo.moment, **size)


def _patch(number: int, patch: PatchLike, photos: Sequence[PhotoRecord]) -> PatchRecord:
    if not 0 <= patch.photo < len(photos):
        raise InputError(f"patch {number} is of photo {patch.photo}, but the draft has {len(photos)} photos")
    photo = photos[patch.photo]
    if patch.box.right > photo.width or patch.box.bottom > photo.height:
        raise InputError(f"patch {number} leaves its photo: {patch.box} on {photo.width} x {photo.height}")
    scores = (float(patch.relevance), float(patch.distinctiveness), float(patch.score))
    if not all(map(math.isfinite, scores)):
        raise InputError(f"patch {number} must have finite scores, got {scores}")
    return PatchRecord(
        id=0,
        photo_id=photo.id,
        box=patch.box,
        relevance=scores[0],
        distinctiveness=scores[1],
        score=scores[2],
    )
