"""An arrival or an outcome as a row of three columns that Arrow knows, between the stages of a pipeline."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrival import Arrival
from .outcome import Outcome

__all__ = ["Parcel", "Seen", "packed", "unpacked"]

Seen = NDArray[np.float32]
"""Vectors (n, dim) of the windows of an arrival's photos."""

Parcel = dict[str, Any]
"""``head``: JSON text; ``photos``: the files, one behind the other; ``seen``: float32, little-endian."""

_TEXTS = ("place", "owner", "name", "notes", "aliases", "category")


def packed(one: Arrival | Outcome, seen: Seen | None = None) -> Parcel:
    """A row; ``seen`` are the vectors of an arrival's windows, once they are known."""
    if isinstance(one, Outcome):
        return {"head": json.dumps({"outcome": dataclasses.asdict(one)}), "photos": b"", "seen": b""}
    head: dict[str, Any] = {name: getattr(one, name) for name in _TEXTS}
    head["lengths"] = [len(photo) for photo in one.photos]
    head["dim"] = 0 if seen is None else seen.shape[1]
    vectors = b"" if seen is None else seen.astype("<f4").tobytes()
    return {"head": json.dumps(head), "photos": b"".join(one.photos), "seen": vectors}


def unpacked(row: Parcel) -> tuple[Arrival | Outcome, Seen | None]:
    """What `packed` was given."""
    head = json.loads(row["head"])
    if "outcome" in head:
        told = head["outcome"]
        return Outcome(**{**told, "doubts": tuple(told["doubts"])}), None
    photos, start = [], 0
    for length in head["lengths"]:
        photos.append(row["photos"][start : start + length])
        start += length
    texts = {name: head[name] for name in _TEXTS}
    texts |= {name: tuple(texts[name]) for name in ("notes", "aliases")}
    dim = head["dim"]
    seen = np.frombuffer(row["seen"], "<f4").reshape(-1, dim).astype(np.float32) if dim else None
    return Arrival(**texts, photos=tuple(photos)), seen
