"""Concepts: one personal entity each (a pet, a person, a thing, a place), as values that never change."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from jarvis_retrievers.boxes import Box

from .checks import MAX_NAME, MAX_NOTE, check_name, check_note, name_key
from .profiling.description import Description
from .selecting.selection import Selection

__all__ = [
    "MAX_NAME",
    "MAX_NOTE",
    "Concept",
    "Description",
    "Edits",
    "Moment",
    "PastProfile",
    "PatchRecord",
    "PhotoRecord",
    "Profile",
    "Selection",
    "check_name",
    "check_note",
    "name_key",
]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Profile(_Value):
    """A concept's text metadata.

    Attributes:
        name: canonical name, as `check_name` returns it.
        category: what it is ("shiba", "red mug"), without an article; None if not known.
        caption: one sentence of about 25 words, or None.
        attributes: fingerprint attributes, each ``"part: descriptor"``.
        facts: sentences, each of which names the concept.
    """

    name: str
    category: str | None = None
    caption: str | None = None
    attributes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


class Edits(_Value):
    """What the owner has written into a profile by hand; None is made of the notes.

    Attributes:
        category, caption, attributes, facts: in place of those of `Profile`.
    """

    category: str | None = None
    caption: str | None = None
    attributes: tuple[str, ...] | None = None
    facts: tuple[str, ...] | None = None


class PastProfile(_Value):
    """A profile that was edited: as it was, and until when (ISO 8601, UTC)."""

    profile: Profile
    until: str


class Moment(_Value):
    """Where a frame is from: SHA-256 (hex) of the video's bytes, and seconds from its beginning."""

    video: str = Field(pattern=r"^[0-9a-f]{64}$")
    seconds: float = Field(ge=0, allow_inf_nan=False)


class PhotoRecord(_Value):
    """A stored photo: its id, the digest of its pixels (hex), its size in pixels, and its moment if it is a
    frame of a video.
    """

    id: str
    digest: str
    width: int
    height: int
    moment: Moment | None = None


class PatchRecord(_Value):
    """A mined region of a photo.

    Attributes:
        id: the row of its vector, unique in the home and never used again; 0 before it is stored.
        photo_id: the `PhotoRecord` that it is a region of.
        box: its pixels on that photo, half-open.
        relevance, distinctiveness, score: as the miner gave them, finite.
    """

    id: int
    photo_id: str
    box: Box
    relevance: float
    distinctiveness: float
    score: float


class Concept(_Value):
    """One concept of one owner.

    Attributes:
        id: 32 hexadecimal digits, never used again.
        owner, name, aliases, category: who remembers what, and how it is called.
        about: the owner's notes, oldest first, exactly as they were given.
        profile: the text that a segment starts with.
        edits: what of it was written by hand.
        description: what a model made of the photos, if one was asked; only what lasts.
        history: what it was before each edit and each new description, oldest first.
        encoder: fingerprint of the encoder that made the vectors; empty if not known.
        photos: in the order given.
        patches: of photos that came together best first; those of later photos stand behind.
        selections: of each photo the tokens that its segment keeps; none where that is made of patches.
        past: how many photos, the first ones, show it as it looked before; segments are made without them.
        created, updated: sequence numbers of the home; order by these, never by a clock.
        created_at, updated_at: the same moments as ISO 8601 in UTC, to show to a person.
    """

    id: str
    owner: str
    name: str
    aliases: tuple[str, ...] = ()
    category: str | None = None
    about: tuple[str, ...] = ()
    profile: Profile
    edits: Edits = Edits()
    description: Description | None = None
    history: tuple[PastProfile, ...] = ()
    encoder: str = ""
    photos: tuple[PhotoRecord, ...] = ()
    patches: tuple[PatchRecord, ...] = ()
    selections: tuple[Selection, ...] = ()
    past: int = Field(default=0, ge=0)
    created: int = 0
    created_at: str = ""
    updated: int = 0
    updated_at: str = ""

    @property
    def now(self) -> Concept:
        """The same without the photos, patches and tokens of how it looked before."""
        if not self.past:
            return self
        photos = self.photos[self.past :]
        kept = {photo.id for photo in photos}
        patches = tuple(patch for patch in self.patches if patch.photo_id in kept)
        change = {"photos": photos, "patches": patches, "selections": self.selections[self.past :], "past": 0}
        return self.model_copy(update=change)

    @property
    def moments(self) -> tuple[Moment | None, ...]:
        """Of each photo where it is from, if it is a frame; empty if none is."""
        found = tuple(photo.moment for photo in self.photos)
        return found if any(found) else ()
