"""Vectors as rows keep them, and as they are compared."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError

from .contracts import ConceptRows

__all__ = ["as_matrix", "check_dim", "vector_bytes"]


def as_matrix(lots: Sequence[NDArray[np.float16]]) -> NDArray[np.float32]:
    """Matrices (m, dim) as one of float32 (n, dim); (0, 0) for none.

    Raises:
        InputError: rows of more than one width.
    """
    if not lots:
        return np.zeros((0, 0), dtype=np.float32)
    widths = sorted({lot.shape[1] for lot in lots})
    if len(widths) > 1:
        raise InputError(
            f"this owner's vectors have {' and '.join(map(str, widths))} numbers, so two encoders made them; "
            "encode the photos of all concepts again with one of them and replace the concepts"
        )
    # Looked up: numpy converts one number after the other, which takes as long as reading the rows.
    half = np.concatenate(lots).astype(np.float16, copy=False).view(np.uint16)
    return _floats().take(half)


@lru_cache(maxsize=1)
def _floats() -> NDArray[np.float32]:
    """Every number of 16 bits, by its bits."""
    return np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)


def check_dim(rows: ConceptRows, dim: int | None) -> None:
    """Refuse new vectors that could not stand beside the owner's others, which have ``dim`` numbers.

    Raises:
        InputError: they have another length.
    """
    for matrix in (rows.patch_vectors, rows.profile_vectors):
        if len(matrix) and dim is not None and matrix.shape[1] != dim:
            raise InputError(
                f"this owner's vectors have {dim} numbers, got {matrix.shape[1]}; use the encoder that made "
                "the others, or replace every concept with vectors of the new one"
            )


def vector_bytes(vectors: NDArray[np.float16]) -> bytes:
    """Vectors (n, dim) as a row keeps them: little-endian IEEE 754 binary16, one after the other."""
    return vectors.astype("<f2").tobytes()
