"""Bytes changed at random."""

from __future__ import annotations

import random

__all__ = ["mutated"]


def mutated(data: bytes, rng: random.Random, most: int = 8) -> bytes:
    """The same with some places flipped, cut off, doubled, overwritten or swapped."""
    new = bytearray(data)
    for _ in range(rng.randrange(1, most)):
        size = max(len(new), 1)
        at, count = rng.randrange(size), rng.choice((1, 2, 4, 8, 64, 1000))
        match rng.randrange(6):
            case 0:
                new[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del new[at:]
            case 2:
                new[at:at] = new[at : at + count]
            case 3:
                new[at : at + count] = rng.randbytes(count)
            case 4:
                new[at : at + 4] = rng.choice(
                    (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1")
                )
            case _:
                del new[at : at + count]
    return bytes(new)
