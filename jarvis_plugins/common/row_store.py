"""What an adapter makes of a vector store of somebody else, and how its failures are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from jarvis_retrievers.errors import JarvisError, StoreError

__all__ = ["RowStore", "failing"]


class RowStore(Protocol):
    """What an adapter makes of a vector store. A store may raise what it likes."""

    def put(self, tag: str, keys: list[str], texts: list[str], vectors: list[list[float]]) -> None:
        """Write rows under their keys for a tag."""
        ...

    def drop(self, tag: str, keys: list[str]) -> None:
        """Delete rows; those that are not there are passed over."""
        ...

    def near(self, tag: str, query: list[float], k: int) -> list[str]:
        """Texts of up to k rows of a tag, nearest first."""
        ...


@contextmanager
def failing(what: str) -> Iterator[None]:
    """What a store raises, as an error of ours that names what was tried."""
    try:
        yield
    except JarvisError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise StoreError(f"the vector store failed to {what}: {told[:300]}") from error
