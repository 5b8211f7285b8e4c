"""Segments of few numbers, without a model."""

from __future__ import annotations

import hashlib

import torch

from jarvis_memory.kv import Inputs, Part, Segment

PRINT = hashlib.sha256(b"model").hexdigest()


def small_inputs(tokens: tuple[int, ...], seed: int = 0, levels: int = 1) -> tuple[Inputs, tuple[Part, ...]]:
    """A profile and patches of so many tokens; of a patch the first two are an image on one position."""
    parts, rows, at = [], [], 0
    for number, count in enumerate(tokens):
        seen = min(2, count) if number else 0
        text = count - seen
        rows += [at] * seen + [at + (1 if seen else 0) + i for i in range(text)]
        width = text + (1 if seen else 0)
        parts.append(Part("patch" if number else "profile", count, width, seen))
        at += width
    total = sum(tokens)
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(levels, sum(part.seen for part in parts), 6, generator=generator)
    positions = torch.tensor([rows] * 3, dtype=torch.int64).reshape(3, total)
    return Inputs(tuple(range(100, 100 + total)), positions, features), tuple(parts)


def small_segment(
    tokens: tuple[int, ...] = (3, 4, 2), dtype: torch.dtype = torch.float32, seed: int = 0, levels: int = 1
) -> Segment:
    """Two layers, two heads of four numbers."""
    inputs, parts = small_inputs(tokens, seed, levels)
    keys = torch.randn(2, 2, inputs.tokens, 4, generator=torch.Generator().manual_seed(seed)).to(dtype)
    return Segment(keys, keys * 2 + 1, inputs, parts, 11, PRINT)
