"""Segments in RAM, on a local disk and in Redis, over the store's own (docs/scale.md)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cache import TieredSegmentCache as TieredSegmentCache
    from .disk import DiskTier as DiskTier
    from .ram import RamTier as RamTier
    from .redis_tier import RedisTier as RedisTier
    from .tier import Label as Label
    from .tier import SegmentTier as SegmentTier
    from .tier import TierReport as TierReport
    from .tiers import Tiers as Tiers

_EXPORTS = {
    "DiskTier": "disk",
    "Label": "tier",
    "RamTier": "ram",
    "RedisTier": "redis_tier",
    "SegmentTier": "tier",
    "TierReport": "tier",
    "TieredSegmentCache": "cache",
    "Tiers": "tiers",
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
