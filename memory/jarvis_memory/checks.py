"""What names, notes, captions and attributes may be, wherever they come from."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence

from jarvis_retrievers.errors import ConceptNameError, InputError

__all__ = [
    "MAX_CAPTION",
    "MAX_NAME",
    "MAX_NOTE",
    "check_attribute",
    "check_caption",
    "check_name",
    "check_note",
    "check_photos",
    "check_texts",
    "name_key",
]

MAX_NAME = 128
"""Longest name or alias, in characters after normalisation."""

MAX_NOTE = 16_384
"""Longest note, in characters."""

MAX_CAPTION = 25
"""Longest caption, in words."""

# Controls, invisible format characters, halves of surrogate pairs, line and paragraph separators.
_REFUSED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


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


def check_photos(photos: Sequence[object], word: str = "images") -> None:
    """That photos or pictures come as a list: one alone, such as a path, would be taken apart.

    Raises:
        InputError: one picture, or something else than a sequence.
    """
    if isinstance(photos, (str, bytes, os.PathLike)) or not isinstance(photos, Sequence):
        raise InputError(f"{word} must be a list, got one {type(photos).__name__}; write {word}=[...]")


def check_texts(texts: Sequence[str], word: str) -> None:
    """That texts come as a list: a single text would be taken for its letters.

    Raises:
        InputError: one text, or what holds something else.
    """
    if isinstance(texts, (str, bytes)) or not all(isinstance(one, str) for one in texts):
        raise InputError(f"{word} must be a list of texts, got {type(texts).__name__}; write {word}=[...]")


def check_caption(caption: str) -> str:
    """A caption on one line.

    Raises:
        InputError: it is empty, has more than 25 words, or is no note.
    """
    words = check_note(caption).split()
    if not 1 <= len(words) <= MAX_CAPTION:
        raise InputError(f"a caption has 1 to {MAX_CAPTION} words, got {len(words)}; the rest are facts")
    return " ".join(words)


def check_attribute(attribute: str) -> str:
    """An attribute on one line, ``"part: descriptor"``.

    Raises:
        InputError: it has not both, or is no note.
    """
    text = " ".join(check_note(attribute).split())
    part, _, descriptor = text.partition(":")
    if not part.strip() or not descriptor.strip():
        raise InputError(f"an attribute is 'part: descriptor', such as 'ear: black', got {text!r}")
    return text


def _shown(name: str) -> str:
    return ascii(name) if len(name) <= 40 else ascii(name[:37]) + "..."
