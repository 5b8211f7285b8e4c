"""Two methods on the same items, and parts of a data set."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jarvis_bench import (
    Dataset,
    Judge,
    Mark,
    Plan,
    compare,
    compare_runs,
    outcomes_of,
    read_outcomes,
    run,
    sampled,
)
from jarvis_bench.item import Clip, Item
from jarvis_bench.outcome import Outcome
from jarvis_bench.sample import part_of
from jarvis_retrievers.errors import DatasetError, InputError
from tests.bench.methods import HonestMethod, Planted
from tests.bench.worlds import HERE, choice, small_world


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world"), images=2)


def outcomes(right: list[bool]) -> tuple[Outcome, ...]:
    items = [choice(f"i{number}", [], ["x", "y"], 0, None) for number in range(len(right))]
    marks = [
        Mark(item.id, turn, good, "A") for item, good in zip(items, right, strict=True) for turn in (0, 1)
    ]
    return outcomes_of(items, marks)


def test_a_comparison_by_hand() -> None:
    # Ten items: the first alone has 6 right, the second alone 1, both 2, none 1.
    one = outcomes([True] * 6 + [False] + [True] * 2 + [False])
    other = outcomes([False] * 6 + [True] + [True] * 2 + [False])
    (found,) = compare(one, other)
    assert (found.one, found.other) == (0.8, 0.3)
    assert found.difference.value == pytest.approx(0.5)
    assert found.difference.low > 0
    assert found.difference.p < 0.05
    assert (found.items.first_only, found.items.second_only) == (6, 1)
    assert found.items.p == 0.125  # 2 (1 + 7) / 2 ** 7
    (turned,) = compare(other, one)
    assert turned.difference.value == -found.difference.value
    assert (turned.difference.low, turned.difference.high) == (-found.difference.high, -found.difference.low)
    with pytest.raises(InputError, match="same items only"):
        compare(one, other[1:])


def test_runs_are_compared_from_their_folders(data: Dataset, tmp_path: Path) -> None:
    plan = Plan(("none", "method"))
    result = run(data, HonestMethod(), tmp_path / "a", plan=plan, canary=0, resamples=100)
    run(
        data,
        Planted(lambda query, count: "No"),
        tmp_path / "b",
        plan=Plan(("method",)),
        canary=0,
        resamples=10,
    )
    found = {one.group: one for one in compare_runs(tmp_path / "a", tmp_path / "b", resamples=100)}
    assert set(found) == {"recognition", "vqa choice", "vqa open", "caption"}
    assert all((one.one, one.other) == (1.0, 0.0) for one in found.values())
    assert (found["recognition"].items.first_only, found["recognition"].items.second_only) == (8, 0)
    within = compare_runs(tmp_path / "a", tmp_path / "a", arms=("method", "none"), resamples=100)
    by_arm = {arm.arm: arm.against for arm in result.arms}
    assert by_arm == {"method": (), "none": within}
    assert "| recognition | none | 100.0 |" in (tmp_path / "a" / "table.md").read_text("utf-8")
    assert all(outcome.right for outcome in read_outcomes(tmp_path / "a"))
    with pytest.raises(DatasetError, match="has no arm 'wrong'"):
        read_outcomes(tmp_path / "a", "wrong")
    with pytest.raises(DatasetError, match="no finished run"):
        read_outcomes(tmp_path)
    (tmp_path / "b" / "marks.jsonl").write_text('{"arm": "method", "thing": 1}\n')
    with pytest.raises(DatasetError, match="line 1 is no mark"):
        read_outcomes(tmp_path / "b")
    fewer = sampled(data, 2)
    run(fewer, HonestMethod(), tmp_path / "c", plan=Plan(("method",)), canary=0, resamples=10)
    with pytest.raises(InputError, match="same data set"):
        compare_runs(tmp_path / "a", tmp_path / "c")


def test_runs_on_other_terms_are_not_compared(data: Dataset, tmp_path: Path) -> None:
    class Yes:
        def invoke(self, input: str, /) -> str:
            return "yes"

    def asked(folder: str, on: Dataset, judge: Judge | None = None) -> Path:
        plan, place = Plan(("method",)), tmp_path / folder
        run(on, Planted(lambda query, count: "hm"), place, plan=plan, canary=0, resamples=10, judge=judge)
        return place

    data = sampled(data, 2)
    told = [one.model_copy(update={"photos": one.photos[:1]}) for one in data.concepts]
    plain, judged = asked("plain", data), asked("judged", data, Yes())
    fewer = asked("fewer", data.model_copy(update={"concepts": tuple(told)}))
    with pytest.raises(InputError, match="and reference photos only; run both on the same data set"):
        compare_runs(plain, fewer)
    with pytest.raises(InputError, match="both with a judge or both without"):
        compare_runs(judged, plain)
    assert {one.group for one in compare_runs(judged, judged)} == {item.group for item in data.items}
    (plain / "run.json").write_text("{}")
    with pytest.raises(DatasetError, match="has no 'dataset'; run it again"):
        compare_runs(plain, fewer)
    (judged / "table.json").unlink()
    with pytest.raises(DatasetError, match="no finished run"):
        compare_runs(judged, fewer)


def test_a_sample_keeps_videos_and_facts_whole(tmp_path: Path) -> None:
    def asked(id: str, **fields: Any) -> Item:
        return Item(id=id, question="?", answer="x", source=HERE, **fields)

    clips = [Clip(path=f"{name}.mp4", digest=name * 64) for name in "abc"]
    items = [
        *(asked(f"film {n}", task="video", video=clips[n % 3]) for n in range(12)),
        *(asked(f"fact {n}", task="text", fact=f"worn/{n % 3}") for n in range(12)),
    ]
    data = Dataset(name="clips", root=tmp_path, concepts=(), items=tuple(items))
    for part in (sampled(data, 2).items, part_of(items, 0.5)):
        assert Counter(Counter(item.unit for item in part).values()) == {4: 4}
    assert len(part_of(items, 1.0)) == 24
    assert {item.id for item in part_of(items, 0.3)} < {item.id for item in part_of(items, 0.5)}
    assert len(part_of(items, 0.01)) == 8  # one unit of each kind


def test_a_sample_keeps_pictures_whole(data: Dataset) -> None:
    part = sampled(data, 5, seed=3)
    asked: dict[str, set[str]] = {}
    for item in part.items:
        if item.task == "recognition":
            asked.setdefault(item.images[0].path, set()).update(item.concepts)
    assert len(asked) == 5
    assert all(len(concepts) == len(data.concepts) for concepts in asked.values())
    assert len(part.items) == 5 * 4 + 5 + 5 + 5
    assert part.left_out[-1].count == len(data.items) - len(part.items)
    assert sampled(data, 5, seed=3) == part
    assert sampled(data, 5, seed=4) != part
    assert sampled(data, 100) is data
    with pytest.raises(InputError, match="at least 1"):
        sampled(data, 0)
