"""How a small and a large model work together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from jarvis_retrievers.errors import SettingError

from .sharing import Share, check_share

__all__ = ["Settings", "Wording"]

Wording = Literal["json", "sentences"]
"""How the large model is told: as JSON, or, if it knows only notes, in sentences."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Bounds and words of a collaboration.

    Attributes:
        share: what may leave the machine; see `Share`.
        reflect: check every claim before it is told.
        wording: how the large model is told.
        rounds: how often the large model may put questions back; 0 without reflection.
        questions: how many in all.
        checks: the most looks that check one claim.
        concepts: for how many concepts pictures are looked through, those named first, then the most likely.
        pictures: how many pictures a question may have.

    Raises:
        SettingError: a word that is none of these, or a number out of its range.
    """

    share: Share = "text"
    reflect: bool = True
    wording: Wording = "json"
    rounds: int = 1
    questions: int = 4
    checks: int = 4
    concepts: int = 6
    pictures: int = 4

    def __post_init__(self) -> None:
        check_share(self.share)
        if self.wording not in get_args(Wording):
            raise SettingError(f"wording is one of {', '.join(get_args(Wording))}, got {self.wording!r}")
        for name, least, most in (
            ("rounds", 0, 4),
            ("questions", 1, 16),
            ("checks", 0, 8),
            ("concepts", 1, 16),
            ("pictures", 1, 8),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or not least <= value <= most:
                raise SettingError(f"{name} is a whole number from {least} to {most}, got {value!r}")
        if self.wording == "sentences" and self.rounds:
            raise SettingError("a large model that is told in sentences writes no JSON; set rounds=0")
