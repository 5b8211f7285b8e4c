"""Concepts: one personal entity each (a pet, a person, a thing, a place), as values that never change."""

from __future__ import annotations

import unicodedata

from pydantic import BaseModel, ConfigDict

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import ConceptNameError, InputError

__all__ = [
    "MAX_NAME",
    "MAX_NOTE",
    "Concept",
    "Edits",
    "PastProfile",
    "PatchRecord",
    "PhotoRecord",
    "Profile",
    "check_name",
    "check_note",
    "name_key",
]

MAX_NAME = 128
"""Longest name or alias, in characters after normalisation."""

MAX_NOTE = 16_384
"""Longest note, in characters."""

# Controls, invisible format characters, halves of surrogate pairs, line and paragraph separators.
_REFUSED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


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


class PhotoRecord(_Value):
    """A stored photo: its id, the digest of its pixels (hex), and its size in pixels."""

    id: str
    digest: str
    width: int
    height: int


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
        history: what it was before each edit, oldest first.
        encoder: fingerprint of the encoder that made the vectors; empty if not known.
        photos: in the order given.
        patches: of photos that came together best first; those of later photos stand behind.
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
    history: tuple[PastProfile, ...] = ()
    encoder: str = ""
    photos: tuple[PhotoRecord, ...] = ()
    patches: tuple[PatchRecord, ...] = ()
    created: int = 0
    created_at: str = ""
    updated: int = 0
    updated_at: str = ""


def check_name(name: str) -> str:
    """A name or alias in the form in which it is kept: Unicode NFC, without space at its ends.

    Raises:
        ConceptNameError: no text, empty, longer than 128 characters, with a control or invisible format
            character or a line break, or with ``<|`` or ``|>``, which mark control tokens of a model.
    """
    if not isinstance(name, str):
        raise ConceptNameError(
            f"a concept's name must be text, got {type(name).__name__}; pass a string such as 'Bo'"
        )
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean:
        raise ConceptNameError(f"a concept's name is empty, got {_shown(name)}; give it a name such as 'Bo'")
    # Before the length, so that the message of a hostile name is about what is wrong with it.
    for character in name:
        if unicodedata.category(character) in _REFUSED:
            raise ConceptNameError(
                f"a concept's name holds the control character U+{ord(character):04X}, got {_shown(name)}; "
                "remove it"
            )
    if len(clean) > MAX_NAME:
        raise ConceptNameError(
            f"a concept's name may have {MAX_NAME} characters, got {len(clean)}: {_shown(clean)}; shorten "
            "it, and put "
            "the rest into a note"
        )
    if "<|" in clean or "|>" in clean:
        raise ConceptNameError(
            f"a concept's name may not hold '<|' or '|>', which mark control tokens, got {_shown(clean)}; "
            "remove them"
        )
    return clean


def name_key(name: str) -> str:
    """What two names share when they are the same name: NFKC, without case, runs of space as one."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    # Case folding can undo the normal form ("ΐ"), so it is made again.
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def check_note(note: str) -> str:
    """A note, unchanged: notes are data, and any character may stand in them.

    Raises:
        InputError: no text, longer than 16,384 characters, or half of a surrogate pair.
    """
    if not isinstance(note, str):
        raise InputError(f"a note must be text, got {type(note).__name__}; pass a string")
    if len(note) > MAX_NOTE:
        raise InputError(f"a note may have {MAX_NOTE} characters, got {len(note)}; split or shorten it")
    for character in note:
        if "\ud800" <= character <= "\udfff":
            raise InputError(
                f"a note holds U+{ord(character):04X}, half of a character; decode the text again as UTF-8"
            )
    return note


def _shown(name: str) -> str:
    return ascii(name) if len(name) <= 40 else ascii(name[:37]) + "..."
