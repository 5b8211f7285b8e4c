"""How vectors stand in a store that somebody else keeps, so that its order is that of inner products."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.vectors import Scores, check_dim

__all__ = ["RowSpace"]

# Rounding to float16 changes a length by less.
_UNIT: Final = 0.01

Wide = NDArray[np.float64]


class RowSpace:
    """Turns rows into what a store gets, and queries into what it is asked.

    Stores compare by cosine, by distance or by inner product. For rows of one length these give one order.
    Rows of other lengths get one number more, ``x -> (x / M, sqrt(1 - |x|^2 / M^2))`` with ``M`` the longest,
    and queries ``q -> (q / |q|, 0)``: Bachrach et al., "Speeding Up the Xbox Recommender System Using a
    Euclidean Transformation for Inner-Product Spaces" (RecSys 2014), section 3.

    Args:
        dim: numbers in a row.
        longest: None for rows of length 1, as encoders make them; else no row is longer.

    Raises:
        InputError: ``dim`` is less than 1. SettingError: ``longest`` is not above 0 and finite.
    """

    def __init__(self, dim: int, longest: float | None = None) -> None:
        if longest is not None and not 0 < longest < float("inf"):
            raise SettingError(f"longest must be above 0 and finite, got {longest}")
        self.dim, self.longest = check_dim(dim), longest

    @property
    def width(self) -> int:
        """Numbers in a vector of the store."""
        return self.dim if self.longest is None else self.dim + 1

    def stored(self, rows: NDArray[Any]) -> Wide:
        """(n, width) of rows (n, dim).

        Raises:
            InputError: a row of another length than 1, or longer than the longest.
        """
        wide = rows.astype(np.float64)
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        if self.longest is None:
            wrong = lengths[np.abs(lengths - 1) > _UNIT]
            if len(wrong):
                raise InputError(
                    f"vectors must have length 1, got one of {wrong[0]:.3g}; scale it, or set longest"
                )
            return wide
        if len(lengths) and lengths.max() > self.longest * (1 + 1e-6):
            raise InputError(
                f"no vector may be longer than {self.longest}, got one of {lengths.max():.3g}; "
                "set longest higher and rebuild"
            )
        rest = np.sqrt(np.maximum(0.0, 1 - (lengths / self.longest) ** 2))
        return np.concatenate([wide / self.longest, rest], axis=1)

    def asked(self, query: Scores) -> list[float]:
        """``width`` numbers of a query (dim,)."""
        wide = query.astype(np.float64)
        length = float(np.linalg.norm(wide))
        # Of zeros all products are 0, but cosines need a direction.
        wide = wide / length if length else np.eye(1, self.dim)[0]
        return [*wide.tolist(), *([0.0] if self.longest is not None else [])]

    def slack(self, query: Scores) -> float:
        """Products that differ by less may be in any order in a store that computes in float32."""
        return 1e-5 * float(np.linalg.norm(query.astype(np.float64))) * (self.longest or 1.0)
