"""Segments of concepts where they may lie: where the model computes, in RAM, on the disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.subjects import Subject
from jarvis_memory.kv import Segment, Storage
from jarvis_memory.vlm import VLM

__all__ = ["Shelf", "chill"]


class Shelf:
    """Segments, each in all places.

    Args:
        vlm: Encodes them.
        subjects: Their concepts.
        folder: Where those on the disk are.

    Attributes:
        files: Their records, in bfloat16.
        warm: In RAM; pinned if the model computes elsewhere.
        hot: Where the model computes.
    """

    def __init__(self, vlm: VLM, subjects: Sequence[Subject], folder: Path) -> None:
        self._vlm = vlm
        self.files: list[Path] = []
        for number, subject in enumerate(subjects):
            file = folder / f"{number}.segment"
            with file.open("wb") as out:
                out.write(vlm.segment_to_bytes(vlm.encode_segment(subject.source), Storage.BF16))
                out.flush()
                os.fsync(out.fileno())
            self.files.append(file)
        self.warm = self.cold(range(len(self.files)))
        self.hot = self.warm
        if vlm.device.type == "cuda":
            self.warm = [s.placed(lambda t: t.contiguous().pin_memory()) for s in self.warm]
            self.hot = [s.placed(lambda t: t.to(vlm.device)) for s in self.warm]

    def cold(self, numbers: Sequence[int]) -> list[Segment]:
        """Some of them, read from the disk."""
        return [self._vlm.segment_from_bytes(self.files[number].read_bytes()) for number in numbers]

    @property
    def tiers(self) -> tuple[str, ...]:
        """The places, the fastest first; RAM is one of its own only if the model computes elsewhere."""
        return ("hot", "warm", "cold") if self._vlm.device.type == "cuda" else ("hot", "cold")

    def take(self, tier: str, numbers: Sequence[int]) -> list[Segment]:
        """Some of them, from one place."""
        if tier == "cold":
            return self.cold(numbers)
        held = {"hot": self.hot, "warm": self.warm}[tier]
        return [held[number] for number in numbers]


def chill(files: Sequence[Path]) -> None:
    """Empty the page cache of these files, so that the next one to read them reads the disk."""
    for file in files:
        with file.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
