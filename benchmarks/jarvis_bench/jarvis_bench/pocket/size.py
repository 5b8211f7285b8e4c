"""How much a split of Pocket has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jarvis_retrievers.errors import SettingError

__all__ = ["MOST_CONCEPTS", "SPLIT_NAMES", "Size", "size_of"]

MOST_CONCEPTS: Final = 1000
_MOST: Final = 10_000
SPLIT_NAMES: Final = ("heldout", "lookalikes", "crowd", "multi", "drift", "video")
_CROWD: Final = "crowd"
_MOST_APART: Final = 40  # told apart by kind and colour, of which there are 80


@dataclass(frozen=True, slots=True)
class Size:
    """How much is drawn.

    Attributes:
        concepts: how many are known.
        photos: reference photos of each.
        pictures: scenes, or clips, that are asked about.
        questions: free questions of each kind; of those with options half as many, since each is asked once
            for each of its options. What is asked of a clip follows from what happens in it.
    """

    concepts: int
    photos: int = 2
    pictures: int = 40
    questions: int = 60

    @property
    def choices(self) -> int:
        """Questions with options of each kind."""
        return max(1, self.questions // 2)


_FULL: Final = {
    "heldout": Size(12),
    "lookalikes": Size(12),
    "crowd": Size(300, photos=1),
    "multi": Size(10),
    "drift": Size(10),
    "video": Size(6, pictures=24),
}
_QUICK: Final = {
    "heldout": Size(6, pictures=6, questions=12),
    "lookalikes": Size(6, pictures=6, questions=12),
    "crowd": Size(60, photos=1, pictures=6, questions=12),
    "multi": Size(6, pictures=8, questions=12),
    "drift": Size(6, pictures=6, questions=12),
    "video": Size(5, pictures=2),
}


def size_of(
    split: str,
    *,
    quick: bool = False,
    concepts: int | None = None,
    pictures: int | None = None,
    questions: int | None = None,
) -> Size:
    """The size of a split.

    Args:
        split: its name.
        quick: for a look in minutes.
        concepts, pictures, questions: how many, in place of the usual numbers; see `Size`.

    Raises:
        SettingError: no such split, or so many cannot be drawn for it.
    """
    if split not in _FULL:
        raise SettingError(f"no split {split!r} of pocket; there are {', '.join(SPLIT_NAMES)}")
    usual = (_QUICK if quick else _FULL)[split]
    size = Size(
        usual.concepts if concepts is None else concepts,
        usual.photos,
        usual.pictures if pictures is None else pictures,
        usual.questions if questions is None else questions,
    )
    most = MOST_CONCEPTS if split == _CROWD else _MOST_APART
    if not 4 <= size.concepts <= most:
        raise SettingError(f"{split} is drawn with 4 to {most} concepts, got {concepts}")
    for what, number in (("pictures", size.pictures), ("questions of a kind", size.questions)):
        if not 1 <= number <= _MOST:
            raise SettingError(f"{split} is drawn with 1 to {_MOST} {what}, got {number}")
    return size
