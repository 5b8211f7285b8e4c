"""`PersonalStore`: long-term memory of LangGraph agents, in the home of the concepts."""

from __future__ import annotations

import asyncio
import os
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    ListNamespacesOp,
    Op,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
)
from langgraph.store.base import Item as GraphItem

from jarvis_memory.store.item import RESERVED, Item, is_under
from jarvis_memory.store.master_key import MasterKey
from jarvis_memory.store.owner import OwnerStore
from jarvis_memory.store.places import Blobs, Place, items_of, open_place
from jarvis_retrievers.errors import StoreError

from .store_filters import matches, namespace_matches
from .store_index import Plan, StoreIndex, Vectors
from .store_pictures import PictureReferences
from .store_ranking import ranked

__all__ = ["PersonalStore"]


class PersonalStore(BaseStore):
    """Values of one owner under namespaces, kept in ``<home>/catalogue.sqlite`` beside the concepts.

    It does what LangGraph's `InMemoryStore` does, and keeps it. Threads and processes may share the home; a
    batch reads first and then writes all or nothing. Values are JSON. Items that have expired are never
    returned and are erased with the next write. Forgetting the owner erases all of it.

    Namespaces whose first label is ``jarvis`` are kept for the record (such as the keys of `jarvis onboard`):
    nothing under them is found or listed here, and nothing is put or deleted there.

    With an ``index``, ``search(query=...)`` ranks items by the nearness of their fields to the query, and
    with ``image_fields`` also by that of the pictures that these fields point to: ``photo:<id>`` (a photo of
    a concept in this home), ``data:image/png;base64,...``, or a path under ``image_root``. The score is the
    best cosine; see `ranked` for the order. Pictures as queries are outside LangGraph's interface.

    Args:
        home: a folder on a local disk; it is made if it is missing; or ``postgresql://...``.
        owner: whose; owners in one home never see each other.
        blobs: for ``postgresql://``, where photos are: a folder, or a `BlobStore`.
        index: as for LangGraph's stores: ``embed``, ``dims``, ``fields`` (``["$"]``: the whole value).
        image_fields: keys of a value that point to a picture, or to a list of them.
        image_root: a folder whose pictures may be read.
        ttl: as for LangGraph's stores; ``omit_expired`` is always on, and no thread sweeps.
        read_only: refuse writes.
        key: of an encrypted home; see `open_home`.
        clock: seconds since 1970.

    Raises:
        SettingError: image fields without embeddings for pictures, or a home or an owner that cannot be.
        HomeFormatError, HomeReadOnlyError, CorruptRecordError: see `OwnerStore.open`.
    """

    supports_ttl = True

    def __init__(
        self,
        home: Place = "~/.jarvis",
        owner: str = "me",
        *,
        blobs: Blobs | None = None,
        index: IndexConfig | None = None,
        image_fields: Sequence[str] = (),
        image_root: str | os.PathLike[str] | None = None,
        ttl: TTLConfig | None = None,
        read_only: bool = False,
        key: MasterKey | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.index_config, self.ttl_config = index, ttl
        self._index = StoreIndex(index, image_fields)
        self.embeddings = self._index.embeddings
        catalogue, bytes_of = open_place(home, blobs, read_only=read_only, key=key)
        try:
            self._record = OwnerStore(owner, catalogue, bytes_of)
            self._items = items_of(catalogue, owner, clock)
        except BaseException:
            catalogue.close()
            raise
        pictures = PictureReferences(self._record.photo, image_root)
        self._planned = partial(self._index.plan, pictures=pictures)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do the operations: first all that read, then all that write. Results in the order given.

        Raises:
            InputError: an operation, a filter, a namespace, a key or a value that cannot be.
            InvalidNamespaceError: a label that is empty, no text, or holds a period.
            ImageError: a picture of a value cannot be read; nothing is written.
        """
        plan = self._planned(list(ops))
        return self._run(plan, self._index.embed(plan))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """`batch` without blocking the event loop."""
        plan = await asyncio.to_thread(self._planned, list(ops))
        vectors = await self._index.aembed(plan)
        return await asyncio.to_thread(self._run, plan, vectors)

    def sweep_ttl(self) -> int:
        """Erase items that have expired; returns how many. Every write does so too."""
        return self._items.sweep()

    def close(self) -> None:
        """Erase the last bytes of what was deleted, and let go of the home's files; again does nothing.

        Warns:
            RuntimeWarning: the erasing has to wait (disk full, another process reading); opening the home
                tries again.
        """
        try:
            self._items.tidy()
        except StoreError as error:
            if "is closed" not in str(error):
                warnings.warn(f"deleting could not be finished: {error}", RuntimeWarning, stacklevel=2)
        self._record.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, plan: Plan, vectors: Vectors) -> list[Result]:
        results: list[Result] = []
        for op in plan.ops:
            if isinstance(op, GetOp):
                hidden = is_under(tuple(op.namespace), RESERVED)
                found = None if hidden else self._items.get(tuple(op.namespace), op.key)
                if found is not None and op.refresh_ttl:
                    self._items.refresh([found])
                results.append(None if found is None else GraphItem(**_shown(found)))
            elif isinstance(op, SearchOp):
                results.append(self._search(op, vectors))
            elif isinstance(op, ListNamespacesOp):
                results.append(self._namespaces(op))
            else:
                results.append(None)
        changes = [
            (place[0], place[1], self._index.draft(op, plan.parts.get(place, ()), vectors))
            for place, op in plan.puts.items()
        ]
        if changes:
            self._items.write(changes)
        return results

    def _search(self, op: SearchOp, vectors: Vectors) -> list[SearchItem]:
        prefix, query = tuple(op.namespace_prefix), vectors.queries.get(op.query or "")
        found: list[tuple[Item, float | None]]
        if not op.filter and query is None:
            found = [
                (item, None) for item in self._items.under(prefix, op.limit, op.offset, without=RESERVED)
            ]
        else:
            items = self._items.under(prefix, without=RESERVED)
            if op.filter:
                items = [item for item in items if matches(item.draft.value, op.filter)]
            found = [(item, None) for item in items]
            if query is not None:
                found = ranked(items, query, self._index.maker)
            found = found[op.offset : op.offset + op.limit]
        if op.refresh_ttl:
            self._items.refresh([item for item, _ in found])
        return [SearchItem(**_shown(item), score=score) for item, score in found]

    def _namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        found = [one for one in self._items.namespaces() if not is_under(one, RESERVED)]
        for condition in op.match_conditions or ():
            found = [namespace for namespace in found if namespace_matches(condition, namespace)]
        if op.max_depth is not None:
            found = sorted({namespace[: op.max_depth] for namespace in found})
        return found[op.offset : op.offset + op.limit]


def _shown(item: Item) -> dict[str, Any]:
    return {
        "namespace": item.namespace,
        "key": item.key,
        "value": item.draft.value,
        "created_at": item.created,
        "updated_at": item.updated,
    }
