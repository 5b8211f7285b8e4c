"""Methods side by side: every figure by kind of question, what it costs, and how sure a difference is."""

from __future__ import annotations

import json
import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from jarvis_retrievers.errors import InputError

from .answers import AnswerLog
from .comparison import Comparison, compare, read_outcomes
from .controls import Arm
from .intervals import RESAMPLES, Interval
from .outcome import Outcome
from .result import Cost, Result, without_nan
from .score import Score, kind_of, measure_of, scores_of
from .table import asked_of, grid, percent, plain_line
from .times import Ratio, Times, ratios_of

__all__ = ["Row", "Summary", "summarise"]

_SHOWN: Final[tuple[Arm, ...]] = ("oracle", "none", "wrong", "constant")


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of question: its figure, how many items, and what each method reaches, by its name.

    Recognition is one kind, without a name (`jarvis_bench.score.kind_of`). ``others`` has the figures beside
    it, by method and by their names; ``undecided`` how many answers nobody could decide on.
    """

    group: str
    kind: str
    figure: str
    items: int
    values: Mapping[str, Interval]
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    undecided: Mapping[str, int] = field(default_factory=dict)

    def cell(self, name: str) -> str:
        """The figure of a method, in percent; beside the recall of captions their precision."""
        value = self.values[name]
        told = f"{percent(value.value)} ({percent(value.low)} to {percent(value.high)})"
        precision = self.others.get(name, {}).get("precision")
        if self.figure == "recall" and precision is not None:
            told += f", precision {percent(precision)}"
        undecided = self.undecided.get(name, 0)
        return f"{told}, {undecided} undecided" if undecided else told


@dataclass(frozen=True, slots=True)
class Summary:
    """Runs of several methods on the same items.

    Attributes:
        dataset: what was asked.
        rows: the arm ``method`` of each, by kind of question.
        controls: means of the figures, by method and arm, over the same kinds: those whose figure is a number
            in every arm of every method.
        kinds: how many kinds those are.
        judge: whether one decided on free answers where rules cannot.
        share: of the questions of each kind, what some controls were asked (`jarvis_bench.Plan`).
        costs: of the arm ``method``, by method.
        against: the last method less each other one, by its name.
        ratios: time of each other method over that of the last, question by question.
        signs: of each method, as texts.
    """

    dataset: str
    rows: tuple[Row, ...]
    controls: Mapping[str, Mapping[str, float]]
    kinds: int
    share: float
    judge: bool
    costs: Mapping[str, Cost]
    against: Mapping[str, tuple[Comparison, ...]]
    signs: Mapping[str, tuple[str, ...]]
    ratios: Mapping[str, tuple[Ratio, ...]] = field(default_factory=dict)

    def means(self) -> dict[str, float]:
        """The mean of a method's figures over all kinds of questions."""
        return {name: arms["method"] for name, arms in self.controls.items()}

    def arms(self) -> tuple[Arm, ...]:
        """The arms that some method was run with, as they are shown."""
        return tuple(arm for arm in ("method", *_SHOWN) if any(arm in of for of in self.controls.values()))

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        values: dict[str, Any] = without_nan(asdict(self))
        return values

    def to_json(self) -> str:
        """As text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"

    def to_markdown(self) -> str:
        """A page with three tables: figures, controls, costs; then differences and signs."""
        names = list(self.costs)
        figures = [
            (
                row.group,
                plain_line(row.kind),
                str(row.items),
                *(row.cell(name) for name in names),
            )
            for row in self.rows
        ]
        controls = [
            (name, *(percent(self.controls[name].get(arm)) for arm in self.arms())) for name in self.controls
        ]
        parts = [
            f"# {plain_line(self.dataset)}",
            f"Percent, with 95 % intervals. {'With' if self.judge else 'Without'} a judge.",
            grid(("task", "kind", "n", *names), figures),
            f"Means over {self.kinds} of {len(self.rows)} kinds, by arm. {asked_of(self.share)}".rstrip(),
            grid(("method", *self.arms()), controls),
            "Time, medians: questions in words, first looks at a picture, and further questions about it.",
            grid(_TIMES, [_line(name, one) for name, cost in self.costs.items() for one in cost.times]),
            grid(_COSTS, [_cost(name, cost) for name, cost in self.costs.items()]),
        ]
        if self.ratios:
            timed = ("time of", "over", "asked", "n", "first token", "answer")
            lines = [
                (name, names[-1], one.look, str(one.answers), _times(one.first_token), _times(one.answer))
                for name, some in self.ratios.items()
                for one in some
            ]
            parts.append(grid(timed, lines))
        for other, found in self.against.items():
            heads = ("task", f"{names[-1]} less {other}", "95 %", "p", "McNemar p")
            parts.append(grid(heads, [_difference(one) for one in found]))
        signs = [
            f"- {plain_line(name)}: {plain_line(what)}" for name, some in self.signs.items() for what in some
        ]
        parts.append("Signs: none." if not signs else "Signs:\n\n" + "\n".join(signs))
        return "\n\n".join(parts) + "\n"


_TIMES: Final = ("method", "asked", "n", "first token", "of which", "answer")
_COSTS: Final = ("method", "remember all", "bytes a concept", "bytes read")


def summarise(
    results: Sequence[Result],
    folders: Sequence[str | os.PathLike[str]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Summary:
    """Finished runs side by side.

    Args:
        results: of the runs.
        folders: where each run is.
        resamples, seed: of the bootstrap.

    Raises:
        InputError: the runs are on different data, two have the same name, or only some had a judge.
        DatasetError: a folder without a finished run.
    """
    names = [result.method for result in results]
    terms = {(result.digest, result.judge) for result in results}
    if len(set(names)) < len(names) or len(terms) != 1:
        raise InputError(
            f"runs of different methods on the same data, all with a judge or none, are put side by side; "
            f"got {names}"
        )
    outcomes = {name: read_outcomes(Path(folder)) for name, folder in zip(names, folders, strict=True)}
    scored = {name: _by_kind(some, resamples, seed) for name, some in outcomes.items()}
    rows = []
    for key, first in scored[names[0]].items():
        values = {name: scored[name][key].value for name in names}
        others = {name: scored[name][key].others for name in names}
        undecided = {name: scored[name][key].undecided for name in names}
        rows.append(Row(first.group, key[1], first.figure, first.items, values, others, undecided))
    figures = {
        (result.method, arm.arm): _figures(read_outcomes(Path(folder), arm.arm))
        for result, folder in zip(results, folders, strict=True)
        for arm in result.arms
    }
    counted = [key for key in scored[names[0]] if all(math.isfinite(some[key]) for some in figures.values())]
    controls: dict[str, dict[str, float]] = {name: {} for name in names}
    for (name, of), some in figures.items():
        controls[name][of] = statistics.fmean(some[key] for key in counted) if counted else math.nan
    last = names[-1]
    timed = {
        name: [one for one in AnswerLog(Path(folder) / "answers.jsonl").read() if one.arm == "method"]
        for name, folder in zip(names, folders, strict=True)
    }
    return Summary(
        dataset=results[0].dataset,
        rows=tuple(rows),
        controls=controls,
        kinds=len(counted),
        judge=results[0].judge,
        share=min(result.share for result in results),
        costs={result.method: result.arms[0].cost for result in results},
        against={
            name: compare(outcomes[last], outcomes[name], resamples=resamples, seed=seed)
            for name in names[:-1]
        },
        signs={
            result.method: tuple(f"{sign.kind}: {sign.what}" for sign in result.signs) for result in results
        },
        ratios={name: ratios_of(timed[name], timed[last]) for name in names[:-1]},
    )


def _kinds(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    """Outcomes by group and kind, in order."""
    kinds: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        kinds.setdefault(kind_of(outcome.item), []).append(outcome)
    return dict(sorted(kinds.items()))


def _by_kind(outcomes: Sequence[Outcome], resamples: int, seed: int) -> dict[tuple[str, str], Score]:
    """A score for each kind within each group, in order."""
    kinds = _kinds(outcomes)
    return {key: scores_of(some, resamples=resamples, seed=seed)[0] for key, some in kinds.items()}


def _figures(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], float]:
    return {key: measure_of(some).value for key, some in _kinds(outcomes).items()}


def _line(name: str, one: Times) -> tuple[str, ...]:
    stages = ", ".join(f"{stage} {1000 * seconds:.0f}" for stage, seconds in one.stages)
    first, answer = _milliseconds(one.first_token_seconds), _milliseconds(one.answer_seconds)
    return name, one.look, str(one.answers), first, f"{stages} ms" if stages else "", answer


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _cost(name: str, cost: Cost) -> tuple[str, ...]:
    return (
        name,
        "" if cost.remember_seconds is None else f"{cost.remember_seconds:.1f} s",
        "" if cost.bytes_per_concept is None else f"{cost.bytes_per_concept:,.0f}",
        "" if cost.bytes_loaded is None else f"{cost.bytes_loaded:,.0f}",
    )


def _difference(one: Comparison) -> tuple[str, ...]:
    apart = one.difference
    low, high = percent(apart.low), percent(apart.high)
    return one.group, percent(apart.value), f"{low} to {high}", f"{apart.p:.3f}", f"{one.items.p:.2g}"


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.0f} ms"
