"""Names and encryption of what tiers keep for an owner, all under the owner's own key."""

from __future__ import annotations

from functools import cached_property

from ..aes import AesGcmCipher
from ..keys import frame, keyed
from .tier import Label

__all__ = ["Seal"]


class Seal:
    """What makes bytes of one owner fit to leave the process.

    When the owner leaves, the key goes (`Catalogue.delete_owner`), and what is left anywhere tells nothing.

    Args:
        key: of the owner (`Catalogue.owner_key`).
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.owner = keyed(key, "jarvis/tier/owner")[:16].hex()

    def concept(self, concept_id: str) -> str:
        """What stands for a concept."""
        return keyed(self._key, "jarvis/tier/concept", concept_id)[:16].hex()

    def label(self, concept_id: str, updated: int, fingerprint: str) -> Label:
        """The name of a segment; another for each state of the concept, so that an older one is not found."""
        name = keyed(self._key, "jarvis/tier/segment", concept_id, updated, fingerprint)[:16].hex()
        return Label(self.owner, self.concept(concept_id), name)

    def shut(self, data: bytes, label: Label) -> bytes:
        """``data`` encrypted, bound to its name."""
        return self._cipher.encrypt(data, _bound(label))

    def opened(self, data: bytes, label: Label) -> bytes:
        """What was `shut`.

        Raises:
            CorruptRecordError: it was changed, or belongs to another name or owner.
        """
        return self._cipher.decrypt(data, _bound(label))

    @cached_property
    def _cipher(self) -> AesGcmCipher:
        return AesGcmCipher(keyed(self._key, "jarvis/tier/key"), 1)


def _bound(label: Label) -> bytes:
    return frame("jarvis/tier/bound", (label.owner, label.concept, label.name))
