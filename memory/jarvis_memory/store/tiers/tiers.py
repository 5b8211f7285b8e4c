"""The tiers of a process: opened once, and shared by the memories of all owners."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from jarvis_retrievers.errors import ExtraError, SettingError

from ...cost_model import Keeping
from ..contracts import Catalogue
from ..segment_cache import SegmentCache
from .cache import Measures, TieredSegmentCache
from .disk import DiskTier
from .ram import RamTier
from .redis_tier import RedisTier
from .tier import SegmentTier, TierReport
from .use_counts import UseCounts

__all__ = ["DISK_BYTES", "Tiers"]

DISK_BYTES = 20 * 2**30
"""Of a tier on disk, if nothing else is said."""


class Tiers:
    """Where segments are besides what is at hand (`kv_ram_bytes`, `kv_gpu_bytes`) and the store.

    ::

        tiers = Tiers(disk="/nvme/segments", disk_bytes=200 * 10**9, redis="rediss://me:word@cache:6379/0")
        memory = PersonalMemory.open("postgresql://...", blobs="file:///srv/photos", segments=tiers)

    What leaves the process is encrypted under the owner's key. Losing any of it costs time, nothing else.

    Args:
        ram_bytes: of segments as bytes in main memory, for all owners together; none by default.
        disk: a folder on a local disk for nothing else.
        disk_bytes: how many there.
        redis: the URL of a Redis or Valkey server, for small segments alone.
        redis_largest: bytes of the largest of them.
        redis_ttl: seconds until those of a concept go, used or not, counted from the last that was written.
        redis_timeout: seconds to wait for an answer.
        half_life: seconds in which counts of uses halve.
        keeping: what the store itself keeps; everything by default.

    Raises:
        SettingError: a place that cannot be used. ExtraError: the extra ``scale`` is missing.
        HomeReadOnlyError, NoRoomError, StoreError: the folder cannot be written.
    """

    def __init__(
        self,
        *,
        ram_bytes: int = 0,
        disk: str | os.PathLike[str] | None = None,
        disk_bytes: int = DISK_BYTES,
        redis: str | None = None,
        redis_largest: int = 2**20,
        redis_ttl: float = 86_400.0,
        redis_timeout: float = 0.25,
        half_life: float = 30 * 86_400.0,
        keeping: Keeping | None = None,
    ) -> None:
        if ram_bytes < 0:
            raise SettingError(f"ram_bytes is 0 or more, got {ram_bytes}; 0 is no such tier")
        if disk is not None or redis is not None:
            _check_cipher()
        self._measures, self._keeping = Measures(UseCounts(half_life)), keeping
        tiers: list[SegmentTier] = [RamTier(ram_bytes)] if ram_bytes else []
        if disk is not None:
            tiers.append(DiskTier(disk, disk_bytes))
        if redis is not None:
            tiers.append(RedisTier(redis, largest=redis_largest, ttl=redis_ttl, timeout=redis_timeout))
        self._tiers = tuple(tiers)

    def over(self, catalogue: Catalogue, stored: SegmentCache) -> TieredSegmentCache:
        """These tiers over the segments of one home."""
        return TieredSegmentCache(catalogue, stored, self._tiers, self._measures, self._keeping)

    def reports(self) -> tuple[TierReport, ...]:
        """What each tier has done so far, fastest first."""
        return tuple(tier.report() for tier in self._tiers)

    def close(self) -> None:
        """Let go of connections and memory; memories that are still open go without."""
        for tier in self._tiers:
            tier.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check_cipher() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise ExtraError(
            "what leaves the process is encrypted, which needs the extra scale; run: "
            'pip install "jarvis-plugins[scale]"'
        ) from error
