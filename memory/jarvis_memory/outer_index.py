"""An index that outlives this process, as retrieval of one owner uses it: the record decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError, SettingError, StaleIndexError
from jarvis_retrievers.index import RebuildableIndex, Rebuilt
from jarvis_retrievers.log import log
from jarvis_retrievers.vectors import Ids, Scores

__all__ = ["OuterIndex", "check_index"]


def check_index(index: RebuildableIndex | None) -> RebuildableIndex | None:
    """An index, refused if it cannot be brought in line with the record.

    Raises:
        SettingError: it has no `rebuild`.
    """
    if index is not None and not isinstance(index, RebuildableIndex):
        raise SettingError(
            f"index must be able to rebuild from the record (RebuildableIndex), got {type(index).__name__}"
        )
    return index


class OuterIndex:
    """Compares what an index has with the record when it is made, and again where the index lacks something.

    Args:
        index: of any owners.
        owner: whose part of it is used.
        record: ids int64 (n,) and vectors float32 (n, dim) of the owner, as they are now.
    """

    nbytes: Final = 0

    def __init__(self, index: RebuildableIndex, owner: str, record: Callable[[], tuple[Ids, Scores]]) -> None:
        self._index, self._record = index, record
        self._told: set[int] = set()
        self._restore(owner)

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """See `VectorIndex.add`; what was read from the record already is let through.

        What another process wrote meanwhile is in the index already, or is gone from the record again: where
        the index takes no vectors for that reason, it is brought in line with the record.
        """
        fresh = [place for place, key in enumerate(ids) if key not in self._told]
        if fresh:
            keys = [ids[place] for place in fresh]
            try:
                self._index.add(owner, keys, np.asarray(vectors)[fresh])
            except (InputError, StaleIndexError):
                self._restore(owner)  # refuses vectors that cannot be
            else:
                self._told.update(keys)

    def remove(self, owner: str, ids: Sequence[int]) -> int:
        """See `VectorIndex.remove`; where the index does not know what it has, the record decides."""
        try:
            removed = self._index.remove(owner, ids)
        except StaleIndexError:
            told = self._told.intersection(ids)
            self._restore(owner)
            return len(told - self._told)
        self._told.difference_update(ids)
        return removed

    def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """See `VectorIndex.search`; an index that has lost something is filled from the record first."""
        try:
            return self._index.search(owner, queries, k)
        except StaleIndexError:
            self._restore(owner)
            return self._index.search(owner, queries, k)

    def count(self, owner: str) -> int:
        """See `VectorIndex.count`; as `search`."""
        try:
            return self._index.count(owner)
        except StaleIndexError:
            self._restore(owner)
            return self._index.count(owner)

    def delete_owner(self, owner: str) -> None:
        """See `VectorIndex.delete_owner`."""
        self._index.delete_owner(owner)
        self._told.clear()

    def keep(self, owner: str) -> None:
        """Nothing: the index keeps itself."""

    def _restore(self, owner: str) -> None:
        ids, vectors = self._record()
        done: Rebuilt = self._index.rebuild(owner, ids.tolist(), vectors)
        self._told = set(ids.tolist())
        if done.added or done.removed:
            log("cache.rebuilt", found=done.added + done.removed)
