"""Concepts to store: small, and the same for the same seed."""

from __future__ import annotations

import hashlib
import random

import numpy as np

from jarvis_memory.store import ConceptDraft, DraftPatch, DraftPhoto
from jarvis_retrievers.boxes import Box

DIM = 8


def draft(
    name: str = "Bo",
    seed: int = 0,
    *,
    aliases: tuple[str, ...] = (),
    notes: tuple[str, ...] = ("My shiba. Loves noodles.",),
    photos: int = 2,
    patches: int = 3,
    profiles: int = 1,
    dim: int = DIM,
    photo_bytes: int = 600,
) -> ConceptDraft:
    numbers = np.random.default_rng(seed)
    taken = [random.Random(f"{seed}/{n}").randbytes(photo_bytes) for n in range(photos)]
    return ConceptDraft(
        name=name,
        aliases=aliases,
        notes=notes,
        photos=[DraftPhoto(data, hashlib.sha256(data).hexdigest(), 64, 48) for data in taken],
        patches=[
            DraftPatch(n % photos, Box(n, n, n + 16, n + 20), 0.9 - n / 10, 0.5, 0.4, unit(numbers, dim))
            for n in range(patches)
        ],
        profile_vectors=np.stack([unit(numbers, dim) for _ in range(profiles)]) if profiles else None,
        encoder="test",
    )


def unit(numbers: np.random.Generator, dim: int = DIM) -> np.ndarray:
    vector = numbers.standard_normal(dim).astype(np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def matrix_of(value: ConceptDraft) -> np.ndarray:
    """The vectors a draft hands over as float32, through fp16 as they are stored: patches, then profile."""
    rows = [patch.vector for patch in value.patches]
    if value.profile_vectors is not None:
        rows += list(value.profile_vectors)
    return np.array(rows, dtype=np.float16).astype(np.float32)
