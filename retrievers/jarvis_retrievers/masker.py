"""Where on a photo the subject is: the contract, the reference that knows nothing, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from .boxes import Box
from .errors import InputError
from .scorer import Candidate

__all__ = ["Mask", "SubjectMasker", "WholePhoto", "checked_masks", "inside"]

Mask = NDArray[np.bool_]
"""(H, W) of a photo: True where the subject is; True everywhere if that is not known."""


@runtime_checkable
class SubjectMasker(Protocol):
    """Says which pixels of a photo are the subject; a detector and a segmenter, or a person's outline."""

    def masks(self, photos: Sequence[Image], prompts: Sequence[str]) -> Sequence[Mask]:
        """One mask (H, W) for each photo; True everywhere where it knows nothing.

        Args:
            photos: RGB.
            prompts: texts that describe the subject, as the miner has them; they are data.
        """
        ...


class WholePhoto:
    """Knows nothing: every pixel may be the subject. Mining with it is mining without a mask."""

    def masks(self, photos: Sequence[Image], prompts: Sequence[str]) -> list[Mask]:
        """See `SubjectMasker.masks`."""
        return [np.ones((photo.height, photo.width), np.bool_) for photo in photos]


def checked_masks(
    masker: SubjectMasker | None, photos: Sequence[Image], prompts: Sequence[str]
) -> list[Mask | None]:
    """The masks of photos; None where nothing is known, as with a mask of all pixels or of none.

    A mask without a pixel would leave no window a score: it tells that the masker failed, not that the photo
    is empty, which other checks are for.

    Raises:
        InputError: masks that are not one boolean array (H, W) for each photo.
    """
    if masker is None:
        return [None] * len(photos)
    masks = [np.asarray(mask) for mask in masker.masks(photos, prompts)]
    if len(masks) != len(photos):
        raise InputError(f"a masker must give one mask for each of {len(photos)} photos, got {len(masks)}")
    for photo, mask in zip(photos, masks, strict=True):
        if mask.shape != (photo.height, photo.width) or mask.dtype != np.bool_:
            raise InputError(
                f"a mask must be a boolean array of shape {(photo.height, photo.width)}, got {mask.dtype} of "
                f"shape {mask.shape}"
            )
    return [mask if mask.any() and not mask.all() else None for mask in masks]


def inside(
    masks: Sequence[Mask | None], candidates: Sequence[Candidate], subject_scale: float
) -> NDArray[np.float64]:
    """How much of each window is the subject, (n,) in [0, 1].

    With ``W`` the pixels of a window and ``M`` those of the mask of its photo::

        inside(W) = |W ∩ M| / |W|            of a detail: the share of it that is the subject
        inside(W) = |W ∩ M| / |W ∪ M|        of a whole subject, from ``subject_scale`` on
        inside(W) = 1                        where nothing is known

    The second (intersection over union) falls when a window cuts the subject, as the share would not, and
    when it is too large for it, as the covered part of the subject would not.

    Args:
        masks: one for each photo, None where nothing is known.
        candidates: windows, each within its photo.
        subject_scale: windows of at least this scale can show the whole subject.
    """
    # Sums from the upper left corner make each window four look-ups, whatever its size.
    tables = [None if mask is None else _table(mask) for mask in masks]
    values = np.ones(len(candidates))
    for i, candidate in enumerate(candidates):
        table = tables[candidate.photo]
        if table is not None:
            shared, area = _held(table, candidate.box), candidate.box.area
            whole = area + int(table[-1, -1]) - shared
            values[i] = shared / (whole if candidate.scale >= subject_scale else area)
    return values


def _table(mask: Mask) -> NDArray[np.int64]:
    """(H + 1, W + 1): how many pixels of the mask lie above and left of each corner."""
    table = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
    table[1:, 1:] = mask.cumsum(axis=0).cumsum(axis=1)
    return table


def _held(table: NDArray[np.int64], box: Box) -> int:
    """Pixels of the mask in a box."""
    upper = table[box.top, box.right] - table[box.top, box.left]
    return int(table[box.bottom, box.right] - table[box.bottom, box.left] - upper)
