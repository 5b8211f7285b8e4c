"""The record in PostgreSQL with pgvector, for homes of many machines; needs the extra ``scale``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .async_cluster import AsyncCluster as AsyncCluster
    from .async_index import AsyncPostgresIndex as AsyncPostgresIndex
    from .catalogue import PostgresCatalogue as PostgresCatalogue
    from .cluster import Cluster as Cluster
    from .index import PostgresIndex as PostgresIndex
    from .items import PostgresItems as PostgresItems
    from .keys import ClusterRing as ClusterRing

_EXPORTS = {
    "AsyncCluster": "async_cluster",
    "AsyncPostgresIndex": "async_index",
    "Cluster": "cluster",
    "ClusterRing": "keys",
    "PostgresCatalogue": "catalogue",
    "PostgresIndex": "index",
    "PostgresItems": "items",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
