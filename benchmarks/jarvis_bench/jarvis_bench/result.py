"""What a run gives: for each arm its scores, its time and its bytes; and the signs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .answers import Answer
from .audit import Sign
from .comparison import Comparison
from .controls import Arm
from .dataset import LeftOut
from .method import Setting
from .score import Score
from .times import Times, median, times_of, typical

__all__ = ["ArmResult", "Cost", "Result", "without_nan"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What answers cost; None where a method does not tell.

    Attributes:
        answer_seconds, first_token_seconds: of one answer; see `typical`.
        remember_seconds: of all concepts together.
        bytes_per_concept: kept, the mean.
        bytes_loaded: used for one answer, the median.
        failures: answers that ended in an error.
        times: medians by what had to be looked at.
    """

    answer_seconds: float | None
    first_token_seconds: float | None
    remember_seconds: float | None
    bytes_per_concept: float | None
    bytes_loaded: float | None
    failures: int
    times: tuple[Times, ...] = ()

    @classmethod
    def of_answers(
        cls, answers: Sequence[Answer], stored: dict[str, int] | None, remember: float | None
    ) -> Cost:
        """From raw answers, and from what the memory kept."""
        times = times_of(answers)
        return cls(
            answer_seconds=typical(times, lambda one: one.answer_seconds),
            first_token_seconds=typical(times, lambda one: one.first_token_seconds),
            remember_seconds=remember,
            bytes_per_concept=statistics.fmean(stored.values()) if stored else None,
            bytes_loaded=median([answer.loaded for answer in answers if answer.loaded is not None]),
            failures=sum(bool(answer.failure) for answer in answers),
            times=times,
        )


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm of a run; ``against`` is the method compared with it, empty for the method itself."""

    arm: Arm
    scores: tuple[Score, ...]
    cost: Cost
    against: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A run: which data, which method, its arms (the method first), what looks wrong, what was left out.

    ``share`` is that of its `Plan`, which some of the arms were asked.
    """

    dataset: str
    digest: str
    licence: str
    method: str
    settings: dict[str, Setting]
    seed: int
    share: float
    judge: bool
    arms: tuple[ArmResult, ...]
    signs: tuple[Sign, ...]
    left_out: tuple[LeftOut, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON; what is not a number is null."""
        left_out = [one.model_dump() for one in self.left_out]
        values = {
            name: getattr(self, name) for name in ("dataset", "digest", "licence", "method", "settings")
        }
        values |= {"seed": self.seed, "share": self.share, "judge": self.judge}
        lists = {"arms": [asdict(arm) for arm in self.arms], "signs": [asdict(sign) for sign in self.signs]}
        cleaned: dict[str, Any] = without_nan(values | lists | {"left_out": left_out})
        return cleaned


def without_nan(value: Any) -> Any:
    """A value for JSON: what is not a number is null."""
    if isinstance(value, Mapping):
        return {key: without_nan(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
