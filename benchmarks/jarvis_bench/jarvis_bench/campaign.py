"""Several methods on one data set, each with its controls, into one folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jarvis_retrievers.errors import SettingError

from .canary import canary_questions
from .controls import ARMS, PARTIAL, Arm, Plan
from .dataset import Dataset
from .files import write_whole
from .judging import Judge
from .leaks import cleaned
from .method import Method
from .progress import Course
from .runner import run
from .sample import part_of
from .summary import Summary, summarise

__all__ = ["Campaign", "plan_of", "run_campaign"]


@dataclass(frozen=True, slots=True)
class Campaign:
    """How methods are run.

    Attributes:
        arms: which arms.
        seed: see `jarvis_bench.run`.
        canary: how many items the canary asks.
        share: of the questions, what some controls are asked; see `jarvis_bench.Plan`.
        judge: who decides on free answers where rules cannot: any chat model of LangChain.
    """

    arms: tuple[Arm, ...] = ARMS
    seed: int = 0
    canary: int = 40
    share: float = 1.0
    judge: Judge | None = None


def run_campaign(
    dataset: Dataset,
    methods: Sequence[Method],
    out: str | os.PathLike[str],
    campaign: Campaign | None = None,
    *,
    begun: Callable[[Method], None] = lambda method: None,
) -> Summary:
    """Run all methods, each in a folder of its name, and put them side by side.

    Interrupted, it goes on where it stopped when it is started again. ``summary.md``, ``summary.json`` and
    ``card.md`` are written beside the folders.

    Args:
        dataset: what is asked.
        methods: who is asked; all others are compared with the last.
        out: the folder.
        campaign: arms, seed, canary.
        begun: called before each method.

    Raises:
        SettingError: no method, or two of one name; see also `jarvis_bench.run`.
    """
    campaign = campaign or Campaign()
    names = [method.name for method in methods]
    if not names or len(set(names)) < len(names):
        raise SettingError(f"methods are some, each once; got {', '.join(names) or 'none'}")
    folder = Path(out).expanduser()
    folders = [folder / name for name in names]
    results = []
    with Course(_questions(dataset, names, campaign)) as course:
        for method, place in zip(methods, folders, strict=True):
            begun(method)
            plan = plan_of(method.name, campaign.arms, campaign.share)
            results.append(
                run(
                    dataset,
                    method,
                    place,
                    plan=plan,
                    seed=campaign.seed,
                    judge=campaign.judge,
                    canary=campaign.canary,
                    course=course,
                )
            )
    summary = summarise(results, folders, seed=campaign.seed)
    write_whole(folder / "card.md", [f"# {dataset.name}\n\n{dataset.card}\n"])
    write_whole(folder / "summary.md", [summary.to_markdown()])
    write_whole(folder / "summary.json", [summary.to_json()])
    return summary


def _questions(dataset: Dataset, methods: Sequence[str], campaign: Campaign) -> int:
    """How many questions are asked of all methods in all arms."""
    data = cleaned(dataset)
    part = part_of(data.items, campaign.share)
    whole, some = (sum(item.rotations for item in items) for items in (data.items, part))
    arms = [arm for name in methods for arm in plan_of(name, campaign.arms).arms]
    canary = canary_questions(data, campaign.canary, campaign.seed) if campaign.canary else 0
    return sum(some if arm in PARTIAL else whole for arm in arms) + len(methods) * canary


def plan_of(method: str, arms: Sequence[Arm], share: float = 1.0) -> Plan:
    """The arms of a method: ``none`` remembers nothing, so what it is told of is all the same to it."""
    kept = ("method", "constant") if method == "none" else ARMS
    return Plan(tuple(arm for arm in arms if arm in kept), share)
