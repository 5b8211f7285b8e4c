"""An owner's concepts as they were read and checked once, read again only where they have changed."""

from __future__ import annotations

import threading

from ..concept import Concept
from .contracts import Catalogue

__all__ = ["KnownConcepts"]


class KnownConcepts:
    """The list of an owner's concepts. Threads may share it.

    To read a concept is to check all of its rows, which for many concepts takes longer than to answer a
    question. A version belongs to one write for ever: what has the version that was read is still the same.
    If a concept is gone, all are read: a row that only seems deleted has a wrong digest.

    Args:
        catalogue: the record.
        owner: whose.
    """

    def __init__(self, catalogue: Catalogue, owner: str) -> None:
        self._catalogue, self._owner = catalogue, owner
        self._lock = threading.Lock()
        self._known: tuple[Concept, ...] = ()

    def list(self) -> list[Concept]:
        """All concepts, oldest first, as the record has them now.

        Raises:
            CorruptRecordError: a row that has to be read does not match its digest.
        """
        versions = self._catalogue.versions(self._owner)
        with self._lock:
            known = {concept.id: concept for concept in self._known}
        if versions != tuple((one.id, one.updated) for one in known.values()):
            found = self._read(versions, known)
            with self._lock:
                self._known = found
            return [*found]
        return [*known.values()]

    def clear(self) -> None:
        """Keep none of them in memory."""
        with self._lock:
            self._known = ()

    def _read(self, versions: tuple[tuple[str, int], ...], known: dict[str, Concept]) -> tuple[Concept, ...]:
        new = [key for key, updated in versions if key not in known or known[key].updated != updated]
        if known.keys() <= {key for key, _ in versions} and 2 * len(new) < len(versions):
            found = known | {key: self._catalogue.concept(self._owner, key) for key in new}
            one_by_one = tuple(concept for key, _ in versions if (concept := found[key]) is not None)
            if len(one_by_one) == len(versions):  # else one was forgotten just now
                return one_by_one
        return self._catalogue.concepts(self._owner)
