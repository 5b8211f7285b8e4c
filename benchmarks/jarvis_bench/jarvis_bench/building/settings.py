"""How strict a benchmark is built."""

from __future__ import annotations

from dataclasses import dataclass

from jarvis_retrievers.errors import SettingError

from ..item import LETTERS

__all__ = ["BuildSettings"]

_LEAST_OPTIONS = 3


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What a question has to pass.

    Attributes:
        seed: of wordings, of the order of options, and of nothing else.
        checks: whether anything is checked at all; without, the answer is what the first photo says. That is
            the control that a builder is compared with, and no way to build.
        least_photos: photos that have to speak for an answer, each alone; at least 2.
        agreement: share of all testimonies that say the same, in (0.5, 1].
        least_side: photos whose shorter side has fewer pixels are left out.
        options: of questions with options, 3 to 10; there may be one less.
        windows: patches of a photo that are asked one by one where the detail is.
        contest: an answer is in doubt if another one with the same last word ("blue scarf" beside "red
            scarf") is said of patches of more than this share of the photos.
        cover: side of what is laid over a detail, relative to the patch that shows it; 1 to 2.
        least_distinct: patches of less distinctiveness show what others have too.
        commonest: an answer that more than this share of four or more concepts have is a good guess.
    """

    seed: int = 0
    checks: bool = True
    least_photos: int = 2
    agreement: float = 1.0
    least_side: int = 96
    options: int = 4
    windows: int = 5
    contest: float = 0.5
    cover: float = 1.2
    least_distinct: float = 0.02
    commonest: float = 0.5

    def __post_init__(self) -> None:
        for name, low, high in (
            ("least_photos", 2, 100),
            ("least_side", 1, 10_000),
            ("options", _LEAST_OPTIONS, len(LETTERS)),
            ("windows", 1, 100),
            ("contest", 0.0, 1.0),
            ("cover", 1.0, 2.0),
            ("least_distinct", 0.0, 1.0),
            ("commonest", 0.0, 1.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingError(f"{name} is from {low} to {high}, got {value}")
        if not 0.5 < self.agreement <= 1.0:
            raise SettingError(f"agreement is above 0.5 and at most 1, got {self.agreement}")
