"""What entries of the catalogue in memory take up, and blocks of writes that are undone together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .body import ConceptBody
from .contracts import BlobRef
from .holdings import PATCH_BYTES, Amount, Holdings

__all__ = ["MemoryHoldings"]


class MemoryHoldings:
    """Part of `MemoryCatalogue`."""

    _lock: threading.RLock
    _owners: dict[str, dict[str, Any]]
    _snapshots: dict[str, dict[str, BlobRef]]
    _sequence: int

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `Holding.reading`."""
        with self._lock:
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """See `Holding.writing`."""
        with self._lock:
            before = {name: _copy(value) for name, value in vars(self).items() if name != "_lock"}
            try:
                yield
            except BaseException:
                vars(self).update(before)
                raise

    def holdings(self, owner: str, concept_id: str | None = None) -> Holdings:
        """See `Holding.holdings`."""
        with self._lock:
            entries = self._owners.get(owner, {})
            found = [entry for key, entry in entries.items() if concept_id in (None, key)]
            snapshots = self._snapshots.get(owner, {}).values()
            rows = [entry.rows for entry in found]
            lots = [m for one in rows for m in (one.patch_vectors, one.profile_vectors) if len(m)]
            patches = sum(len(one.concept.patches) for one in rows)
            bodies = [
                ConceptBody(**{name: getattr(one.concept, name) for name in ConceptBody.model_fields})
                for one in rows
            ]
            return Holdings(
                concepts=_amount([len(body.model_dump_json().encode()) for body in bodies]),
                photos=_amount([blob.length for one in rows for blob in one.blobs]),
                patches=Amount(patches, PATCH_BYTES * patches),
                vectors=_amount([lot.nbytes for lot in lots]),
                texts=_amount([entry.texts[1].nbytes for entry in found if entry.texts]),
                segments=_amount([row.blob.length for entry in found for row in entry.segments.values()]),
                snapshots=_amount([blob.length for blob in snapshots]),
                sequence=self._sequence,
            )

    def text_encoders(self, owner: str) -> dict[str, str]:
        """See `Holding.text_encoders`."""
        with self._lock:
            entries = self._owners.get(owner, {})
            return {key: entry.texts[0] for key, entry in entries.items() if entry.texts}


def _amount(sizes: list[int]) -> Amount:
    return Amount(len(sizes), sum(sizes))


def _copy(value: Any) -> Any:
    """A copy of the containers; what is in them never changes, entries excepted."""
    if isinstance(value, Mapping):
        return {key: _copy(one) for key, one in value.items()}
    again = getattr(value, "again", None)
    return value if again is None else again()
