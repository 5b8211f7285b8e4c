"""Maximal marginal relevance: near to the query, and unlike what was chosen before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import SettingError

__all__ = ["maximal_marginal_relevance"]


def maximal_marginal_relevance(
    query: NDArray[Any], vectors: NDArray[Any], k: int, balance: float = 0.5
) -> list[int]:
    """Which k vectors to take, in this order; of equally good ones the first.

    Source: Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and
    Producing Summaries" (1998), section 2.

    Args:
        query: (dim,).
        vectors: (n, dim); cosines are taken, a vector of zeros is unlike everything.
        k: how many at most.
        balance: from 0, where only unlikeness to what was chosen counts, to 1, where only nearness to the
            query does. The first is always the nearest.

    Raises:
        SettingError: ``balance`` is not from 0 to 1.
    """
    if not 0.0 <= balance <= 1.0:
        raise SettingError(f"the balance of MMR (lambda_mult) must be from 0 to 1, got {balance}")
    rows, asked = _unit(np.atleast_2d(vectors)), _unit(np.atleast_2d(query))[0]
    if not rows.size or k < 1:
        return []
    near = rows @ asked
    taken = [int(np.argmax(near))]
    like = rows @ rows[taken[0]]
    while len(taken) < min(k, len(rows)):
        gain = balance * near - (1.0 - balance) * like
        gain[taken] = -np.inf
        taken.append(int(np.argmax(gain)))
        like = np.maximum(like, rows @ rows[taken[-1]])
    return taken


def _unit(rows: NDArray[Any]) -> NDArray[np.float64]:
    wide = np.asarray(rows, dtype=np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: NDArray[np.float64] = np.divide(wide, norms, out=np.zeros_like(wide), where=norms > 0)
    return unit
