"""How long answers took, by what the method had to look at."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .answers import LOOKS, Answer, Look

__all__ = ["Ratio", "Times", "median", "ratios_of", "times_of", "typical"]

_COUNTED: Final[tuple[Look, ...]] = ("words", "first")


@dataclass(frozen=True, slots=True)
class Times:
    """Medians of the answers of one look; None where a method does not tell.

    Attributes:
        look: see `Answer.look`.
        answers: how many.
        first_token_seconds, answer_seconds: of one answer.
        stages: seconds up to the first token by stage, in order.
    """

    look: Look
    answers: int
    first_token_seconds: float | None
    answer_seconds: float | None
    stages: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Ratio:
    """Medians, over questions that both answered, of one method's time over another's."""

    look: Look
    answers: int
    first_token: float | None
    answer: float | None


def times_of(answers: Iterable[Answer]) -> tuple[Times, ...]:
    """Of answers without an error, by look; answers whose look is not known are left out."""
    whole = [answer for answer in answers if not answer.failure]
    found = []
    for look in LOOKS:
        some = [answer for answer in whole if answer.look == look]
        if some:
            first = median([a.first_token for a in some if a.first_token is not None])
            found.append(Times(look, len(some), first, median([a.seconds for a in some]), stages_of(some)))
    return tuple(found)


def typical(times: Sequence[Times], of: Callable[[Times], float | None]) -> float | None:
    """The mean of the medians of questions in words and of first looks, of those there are.

    A median of all together would be that of whichever there are more of, and a second look at a picture may
    cost nothing.
    """
    values = [value for one in times if one.look in _COUNTED and (value := of(one)) is not None]
    return statistics.fmean(values) if values else None


def ratios_of(one: Iterable[Answer], other: Iterable[Answer]) -> tuple[Ratio, ...]:
    """By look, how many times as long ``one`` took as ``other``, question by question.

    Long and short answers are mixed, so that two medians could be those of different questions.
    """
    theirs = {answer.key: answer for answer in other if not answer.failure}
    pairs = [(mine, theirs[mine.key]) for mine in one if not mine.failure and mine.key in theirs]
    found = []
    for look in LOOKS:
        some = [(a, b) for a, b in pairs if a.look == b.look == look]
        if some:
            first = [a.first_token / b.first_token for a, b in some if a.first_token and b.first_token]
            whole = [a.seconds / b.seconds for a, b in some if b.seconds]
            found.append(Ratio(look, len(some), median(first), median(whole)))
    return tuple(found)


def stages_of(answers: Iterable[Answer]) -> tuple[tuple[str, float], ...]:
    """The median of each stage, in order."""
    seconds: dict[str, list[float]] = {}
    for answer in answers:
        for stage, took in answer.stages:
            seconds.setdefault(stage, []).append(took)
    return tuple((stage, statistics.median(took)) for stage, took in seconds.items())


def median(values: Sequence[float]) -> float | None:
    """None of none."""
    return statistics.median(values) if values else None
