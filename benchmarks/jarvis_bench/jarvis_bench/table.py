"""Tables: every figure with its interval, beside its controls, and what was wrong under it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Final

from .comparison import Comparison
from .controls import PARTIAL
from .result import ArmResult, Result
from .score import Score
from .times import Times

__all__ = ["asked_of", "grid", "percent", "plain_line", "to_json", "to_markdown"]

_HEADS: Final = ("task", "arm", "figure", "95 %", "n", "unreadable", "missing", "judge", "undecided", "also")
_AGAINST: Final = ("task", "method less", "points", "95 %", "p", "only method", "only other", "McNemar p")
_COSTS: Final = (
    "arm",
    "answer",
    "first token",
    "remember all",
    "bytes a concept",
    "bytes loaded",
    "failures",
    "by look",
)


def to_json(result: Result) -> str:
    """All of a result."""
    return json.dumps(result.to_dict(), ensure_ascii=False, indent=2) + "\n"


def to_markdown(result: Result) -> str:
    """A page: scores, costs, signs and what was left out. Texts of the data never become markup."""
    groups = sorted({score.group for arm in result.arms for score in arm.scores})
    scores = [
        _line(arm, score)
        for group in groups
        for arm in result.arms
        for score in arm.scores
        if score.group == group
    ]
    parts = [
        f"# {plain_line(result.method)} on {plain_line(result.dataset)}",
        f"Data {result.digest[:12]}, seed {result.seed}, {'with' if result.judge else 'without'} a judge. "
        f"{asked_of(result.share)}"
        f"Licence: {plain_line(result.licence) or 'not stated'}.",
        grid(_HEADS, scores),
        grid(_AGAINST, [_against(arm.arm, one) for arm in result.arms for one in arm.against]),
        grid(_COSTS, [_cost(arm) for arm in result.arms]),
        "## Signs",
        _list([f"**{sign.kind}**: {plain_line(sign.what)}" for sign in result.signs]),
        "## Left out",
        _list([f"{one.count}: {plain_line(one.why)}" for one in result.left_out]),
    ]
    return "\n\n".join(parts) + "\n"


def _line(arm: ArmResult, score: Score) -> tuple[str, ...]:
    value = score.value
    also = ", ".join(f"{name} {percent(figure)}" for name, figure in score.others.items())
    return (
        score.group,
        arm.arm,
        f"{score.figure} {percent(value.value)}",
        f"{percent(value.low)} to {percent(value.high)}",
        str(score.items),
        str(score.unreadable),
        str(score.missing),
        str(score.by_judge),
        str(score.undecided),
        also + (f", doubted {score.doubted}" if score.doubted else ""),
    )


def _against(arm: str, one: Comparison) -> tuple[str, ...]:
    apart = one.difference
    return (
        one.group,
        arm,
        percent(apart.value),
        f"{percent(apart.low)} to {percent(apart.high)}",
        f"{apart.p:.4f}",
        str(one.items.first_only),
        str(one.items.second_only),
        f"{one.items.p:.2g}",
    )


def _cost(arm: ArmResult) -> tuple[str, ...]:
    cost = arm.cost
    seconds = (cost.answer_seconds, cost.first_token_seconds, cost.remember_seconds)
    sizes = (cost.bytes_per_concept, cost.bytes_loaded)
    return (
        arm.arm,
        *("" if one is None else f"{one:.4f} s" for one in seconds),
        *("" if one is None else f"{one:,.0f}" for one in sizes),
        str(cost.failures),
        "; ".join(_times(one) for one in cost.times),
    )


def _times(one: Times) -> str:
    stages = ", ".join(f"{plain_line(stage)} {seconds:.4f} s" for stage, seconds in one.stages)
    return f"{one.look} ({one.answers}): {stages or 'stages not told'}"


def grid(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, or that there is nothing in it."""
    if not lines:
        return "None."
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "None."


def percent(value: float | None) -> str:
    """A share in percent; empty if there is none, ``-`` if it is not a number."""
    return "" if value is None else "-" if math.isnan(value) else f"{100 * value:.1f}"


def asked_of(share: float) -> str:
    """What to know of arms that were asked a share, empty if all were asked everything."""
    told = ", ".join(PARTIAL)
    return (
        "" if share == 1 else f"Of the arms {told}: {share:.0%} of the pictures and questions of each kind. "
    )


def plain_line(text: str) -> str:
    """One line in which no character means anything to Markdown or HTML."""
    line = " ".join(text.split())
    return "".join(f"\\{mark}" if mark in "\\`*_{}[]<>()#+!|" else mark for mark in line)
