"""Segments that were used lately, kept in RAM and on the GPU."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from cachetools import LRUCache

from jarvis_retrievers.errors import SettingError

from .budgets import KV_GPU_BYTES, KV_RAM_BYTES
from .chat.sessions import SESSION_BYTES
from .kv import Segment
from .kv.streams import side_stream
from .store.holdings import Amount
from .watching import Evicted, tell

__all__ = ["KV_GPU_BYTES", "KV_RAM_BYTES", "Quotas", "SegmentTiers", "TierKey", "held"]


class TierKey(NamedTuple):
    """Which segment: of this concept, as it was then, made by this model."""

    concept_id: str
    updated: int
    fingerprint: str


class Dropped(NamedTuple):
    """Segments that were in RAM and on the GPU."""

    ram: Amount
    gpu: Amount


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many bytes of segments are kept at hand.

    Attributes:
        ram: In main memory.
        gpu: On the GPU, where there is one.
        sessions: Of what was computed for earlier turns of conversations.

    Raises:
        SettingError: A number is negative.
    """

    ram: int = KV_RAM_BYTES
    gpu: int = KV_GPU_BYTES
    sessions: int = SESSION_BYTES

    def __post_init__(self) -> None:
        if self.ram < 0 or self.gpu < 0:
            raise SettingError(
                f"kv_ram_bytes and kv_gpu_bytes are 0 or more, got {self.ram} and {self.gpu}; "
                "0 keeps no segment there."
            )


class _Tier(LRUCache[TierKey, Segment]):
    """Counts what it lets go of."""

    def __init__(self, most: int) -> None:
        super().__init__(most, getsizeof=lambda segment: segment.nbytes)
        self._gone: list[int] = []

    def popitem(self) -> tuple[TierKey, Segment]:
        """What was used longest ago."""
        key, segment = super().popitem()
        self._gone.append(segment.nbytes)
        return key, segment

    def evicted(self) -> list[int]:
        """Bytes of each segment that went since this was asked last."""
        gone, self._gone = self._gone, []
        return gone


class SegmentTiers:
    """GPU over RAM over what is on disk; in each, what was used longest ago goes first.

    What comes from the disk is kept in RAM, pinned where there is a GPU, so that it is copied while the model
    computes. What was used once is copied up to the GPU meanwhile, and is there for the next question.
    A segment larger than a quota is not kept there. Threads may share it.

    Args:
        quotas: How many bytes each tier has.
        device: Of the model.
    """

    def __init__(self, quotas: Quotas, device: torch.device) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._ram, self._gpu = _Tier(quotas.ram), _Tier(quotas.gpu if device.type == "cuda" else 0)
        _LIVE.add(self)

    def get(self, key: TierKey) -> Segment | None:
        """A segment from the highest tier that has it."""
        with self._lock:
            found = self._ram.get(key)  # asked first, so that what is in use is young in both
            return self._gpu.get(key, found)

    def put(self, key: TierKey, segment: Segment) -> Segment:
        """Keep a segment in RAM, and on the GPU if it is there; returns it as it is kept."""
        if segment.nbytes > self._ram.maxsize:
            return segment
        there = None
        if self._device.type == "cuda":
            # Rows of 8 bits were made into numbers on the GPU, and need not be copied up again.
            there = segment if segment.keys.device.type == "cuda" else None
            segment = segment.placed(lambda tensor: tensor.cpu().contiguous().pin_memory())
        with self._lock:
            self._ram[key] = segment
            gone = self._ram.evicted()
        _tell("ram", gone)
        if there is None:
            return segment
        try:
            there = there.placed(lambda tensor: tensor.to(self._device))
        except torch.OutOfMemoryError:
            self.retreat()
            return segment
        with self._lock:
            if segment.nbytes > self._gpu.maxsize:
                return segment
            self._gpu[key] = there
            gone = self._gpu.evicted()
        _tell("gpu", gone)
        return there

    def lift(self, keys: Sequence[TierKey]) -> None:
        """Copy segments from RAM to the GPU, beside what the model computes."""
        if not self._gpu.maxsize:
            return
        for key in keys:
            with self._lock:
                segment = None if key in self._gpu else self._ram.get(key)
            if segment is None or segment.nbytes > self._gpu.maxsize:
                continue
            try:
                stream = side_stream(self._device)
                # What was let go of may still be read by what is queued; its memory is taken behind that.
                stream.wait_stream(torch.cuda.current_stream(self._device))
                with torch.cuda.stream(stream):
                    there = segment.placed(lambda tensor: tensor.to(self._device, non_blocking=True))
            except torch.OutOfMemoryError:
                self.retreat()
                return
            with self._lock:
                self._gpu[key] = there
                gone = self._gpu.evicted()
            _tell("gpu", gone)

    def retreat(self) -> None:
        """Give back the GPU's memory, and take no more of it."""
        with self._lock:
            self._gpu = _Tier(0)
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def forget(self, concept_id: str | None = None) -> Dropped:
        """Keep nothing of a concept, or of any; returns what it was."""
        found = []
        with self._lock:
            for tier in (self._ram, self._gpu):
                gone = [tier.pop(key) for key in list(tier) if concept_id in (None, key.concept_id)]
                found.append(Amount(len(gone), sum(segment.nbytes for segment in gone)))
        return Dropped(*found)

    def nbytes(self) -> tuple[int, int]:
        """Bytes in RAM and on the GPU."""
        with self._lock:
            return int(self._ram.currsize), int(self._gpu.currsize)


_LIVE: weakref.WeakSet[SegmentTiers] = weakref.WeakSet()


def held() -> tuple[int, int]:
    """Bytes in RAM and on the GPU of all memories of this process."""
    sizes = [tiers.nbytes() for tiers in list(_LIVE)]
    return sum(ram for ram, _ in sizes), sum(gpu for _, gpu in sizes)


def _tell(tier: Literal["ram", "gpu"], gone: Sequence[int]) -> None:
    if gone:
        tell(Evicted(tier, len(gone), sum(gone)))
