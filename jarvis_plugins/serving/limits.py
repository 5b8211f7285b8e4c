"""How much one visitor may bring."""

from __future__ import annotations

from dataclasses import dataclass

from jarvis_retrievers.images import MAX_BYTES

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one visitor may bring.

    Attributes:
        file_bytes: the largest file, in bytes.
        pictures: the most pictures of one message.
        photos: the most photos that a concept is taught with at once.
        words: the most characters of a message, or of notes.
        shown: how many pictures of earlier messages are kept to be shown.
        desks: how many tabs an owner may have open.
        uploads: how many uploads are held in memory at once, half of them of one owner.
        upload_seconds: how long an upload may take.
        pages_a_minute, uploads_a_minute, asked_a_minute: how many pages, uploads, and questions and
            teachings there may be of one owner, and from one address.
    """

    file_bytes: int = MAX_BYTES
    pictures: int = 8
    photos: int = 12
    words: int = 4000
    shown: int = 48
    desks: int = 32
    uploads: int = 4
    upload_seconds: float = 120.0
    pages_a_minute: int = 60
    uploads_a_minute: int = 240
    asked_a_minute: int = 60
