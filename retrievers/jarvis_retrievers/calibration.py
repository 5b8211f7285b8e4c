"""A threshold for each concept: from its own photos, and from who is nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, SettingError

__all__ = ["Calibration", "genuine_cosine", "impostor_cosine"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far what is known of a concept moves its threshold from that of the encoder.

    With ``i`` the cosine of the nearest impostor and ``g`` that of the concept's least like photo::

        threshold(i, g) = base + clip(a (i - i0) + b (g - g0), -most, most)

    What is not known counts as usual (``i0``, ``g0``). The threshold never falls with ``i`` or ``g``.

    Attributes:
        impostor: ``i0``, the nearest impostor of a usual concept.
        genuine: ``g0``, the least like photo of a usual concept.
        impostor_weight: ``a``, at least 0.
        genuine_weight: ``b``, at least 0.
        most: how far a threshold may move either way.
        least_others: patches of others needed to say who is near.
    """

    impostor: float = 0.65
    genuine: float = 0.85
    impostor_weight: float = 0.5
    genuine_weight: float = 0.5
    most: float = 0.1
    least_others: int = 24

    def __post_init__(self) -> None:
        for name in ("impostor_weight", "genuine_weight", "most"):
            if getattr(self, name) < 0:
                raise SettingError(f"{name} must not be negative, got {getattr(self, name)}")

    def threshold(self, base: float, impostor: float | None, genuine: float | None) -> float:
        """The threshold of a concept; None is not known."""
        near = 0.0 if impostor is None else impostor - self.impostor
        like = 0.0 if genuine is None else genuine - self.genuine
        moved = self.impostor_weight * near + self.genuine_weight * like
        return base + min(self.most, max(-self.most, moved))


def genuine_cosine(vectors: NDArray[Any], photos: Sequence[str]) -> float | None:
    """Leave one photo out: of the photo least like the others, the best cosine with any of their patches.

    Args:
        vectors: (n, dim) unit vectors of a concept's patches.
        photos: which photo each is of.

    Returns:
        None where all are of one photo.
    """
    if len(vectors) != len(photos):
        raise InputError(f"each vector has one photo, got {len(vectors)} vectors and {len(photos)} photos")
    of = np.asarray(photos)
    if len(set(photos)) < 2:
        return None
    cosines = np.asarray(vectors, np.float64) @ np.asarray(vectors, np.float64).T
    apart = np.where(of[:, None] == of[None], -np.inf, cosines)
    return float(min(apart[of == photo].max() for photo in set(photos)))


def impostor_cosine(vectors: NDArray[Any], others: NDArray[Any]) -> float:
    """The best cosine of a concept's patches (n, dim) and those of others (m, dim), all unit; -1 if none."""
    if not len(vectors) or not len(others):
        return -1.0
    return float((np.asarray(vectors, np.float64) @ np.asarray(others, np.float64).T).max())
