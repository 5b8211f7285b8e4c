"""The contract of what keeps agents' items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from .item import Item, ItemDraft, Namespace

__all__ = ["ItemStore"]


class ItemStore(Protocol):
    """Items of one owner; `OwnerItems` is the reference.

    Raises (any method): CorruptRecordError for a row that does not match its digest, HomeReadOnlyError for a
    write to a home that cannot be written, StoreError if the medium fails.
    """

    def get(self, namespace: Namespace, key: str) -> Item | None:
        """The item, or None."""

    def under(
        self,
        prefix: Namespace,
        limit: int | None = None,
        offset: int = 0,
        *,
        without: Namespace | None = None,
    ) -> list[Item]:
        """Items whose namespace starts with ``prefix``, in the order in which they were first put.

        Those whose namespace starts with ``without`` are left out, and not counted.
        """

    def namespaces(self) -> list[Namespace]:
        """Namespaces that hold something, sorted."""

    def write(self, changes: Iterable[tuple[Namespace, str, ItemDraft | None]]) -> None:
        """Put items, or delete them where the draft is None, in one durable transaction.

        An item that is there keeps its place and when it was created.

        Raises:
            InputError: a value that JSON cannot hold. SettingError: a ``ttl`` that is not above 0.
            QuotaError: there would be more than is allowed.
        """

    def put_back(self, items: Iterable[Item]) -> None:
        """Write items as they were, in one durable transaction; none may be there.

        Raises:
            InputError, SettingError, QuotaError: as for `write`.
        """

    def refresh(self, items: Sequence[Item]) -> None:
        """Let the time of items that expire start again; those that have gone meanwhile stay gone."""

    def sweep(self) -> int:
        """Erase the items that have expired; returns how many."""

    def tidy(self) -> None:
        """Finish an erasure: nothing of what was deleted is left where this store can reach it."""
