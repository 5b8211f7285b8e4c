"""An iterable in lots, without reading ahead of what is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

__all__ = ["in_lots"]

T = TypeVar("T")


def in_lots(many: Iterable[T], size: int = 16) -> Iterator[list[T]]:
    """Lists of ``size``, the last one shorter."""
    left = iter(many)
    while lot := list(islice(left, size)):
        yield lot
