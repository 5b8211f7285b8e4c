"""What all indexes check and how they order: owners, ids, matrices, ties."""

from __future__ import annotations

import operator
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

__all__ = [
    "Ids",
    "Scores",
    "alone",
    "best_of",
    "check_dim",
    "check_ids",
    "check_k",
    "check_matrix",
    "check_new",
    "check_owner",
    "load_faiss",
]

_LARGEST_ID: Final = 2**63 - 1
# Products of numbers that one core is done with in about a millisecond.
_ALONE: Final = 2**23

Scores = NDArray[np.float32]
Ids = NDArray[np.int64]


def load_faiss() -> Any:
    """FAISS, imported when it is first needed; its stubs leave out much of it."""
    import faiss

    return faiss


@contextmanager
def alone(products: int) -> Iterator[None]:
    """Let FAISS do so many products of numbers in this thread alone, if they are few.

    It waits for all threads that it has woken: where other work holds the cores, a search of 0.1 ms takes 10.
    """
    faiss = load_faiss()
    most = faiss.omp_get_max_threads()
    if products > _ALONE or most == 1:
        yield
        return
    faiss.omp_set_num_threads(1)  # of this thread, not of others
    try:
        yield
    finally:
        faiss.omp_set_num_threads(most)


def best_of(scores: Scores, keys: Ids, k: int) -> tuple[Scores, Ids]:
    """The k best of each row by falling score, then rising id, padded."""
    order = np.lexsort((keys, -scores), axis=1)[:, :k]
    best = np.full((len(scores), k), -np.inf, dtype=np.float32)
    names = np.full((len(scores), k), -1, dtype=np.int64)
    best[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    names[:, : order.shape[1]] = np.take_along_axis(keys, order, axis=1)
    return best, names


def check_dim(dim: int) -> int:
    """A vector length, refused if it is less than 1."""
    if dim < 1:
        raise InputError(f"the vector length must be at least 1, got {dim}")
    return dim


def check_owner(owner: str) -> None:
    """Refuse an owner that is none."""
    if not isinstance(owner, str) or not owner:
        raise InputError(f"the owner must be a non-empty string, got {owner!r}")


def check_k(k: int) -> int:
    """How many are wanted, refused if less than 1."""
    if k < 1:
        raise InputError(f"k must be at least 1, got {k}")
    return k


def check_ids(ids: Sequence[int]) -> Ids:
    """Ids as int64 (n,), refused if one is no whole number from 0 on."""
    try:
        values = [operator.index(value) for value in ids]
    except TypeError as error:
        raise InputError(f"vector ids must be whole numbers: {error}") from error
    # -1 is the padding of a search result.
    wrong = [value for value in values if not 0 <= value <= _LARGEST_ID]
    if wrong:
        raise InputError(f"vector ids must be from 0 to 2**63 - 1, got {wrong[0]}")
    return np.array(values, dtype=np.int64)


def check_matrix(values: NDArray[Any], dim: int, what: str) -> Scores:
    """Vectors as float32 (n, dim), contiguous, refused if not finite or of another shape."""
    try:
        matrix = np.ascontiguousarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be an array of numbers of shape (n, {dim}): {error}") from error
    if matrix.ndim != 2 or matrix.shape[1] != dim:
        raise InputError(f"{what} must have shape (n, {dim}), got {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise InputError(f"{what} must be finite, got NaN or infinity")
    return matrix


def check_new(keys: Ids, rows: Scores, known: Container[int]) -> None:
    """Refuse ids that are given twice, are there already, or are not as many as the vectors."""
    if len(keys) != len(rows):
        raise InputError(f"one id per vector is needed, got {len(keys)} ids and {len(rows)} vectors")
    given = keys.tolist()
    if len(set(given)) != len(given):
        twice = next(key for key in given if given.count(key) > 1)
        raise InputError(f"vector id {twice} is given twice; every id must be new")
    there = [key for key in given if key in known]
    if there:
        raise InputError(f"vector id {min(there)} is in the index already; remove it first")
