"""Methods side by side: their figures by kind, and their costs."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jarvis_bench import (
    ARMS,
    Campaign,
    Cost,
    Dataset,
    Item,
    Plan,
    Summary,
    compare_runs,
    draw_costs,
    front,
    read_outcomes,
    run_campaign,
    summarise,
)
from jarvis_bench.campaign import plan_of
from jarvis_bench.intervals import Interval
from jarvis_bench.score import kind_of
from jarvis_bench.summary import Row
from jarvis_retrievers.errors import DatasetError, ExtraError, InputError, SettingError
from tests.bench.methods import HonestMethod, Planted
from tests.bench.worlds import small_world
from tests.plugins.homes import jarvis, refused

SHORT = Campaign(("method", "wrong", "constant"), canary=0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    world = small_world(tmp_path_factory.mktemp("world"), images=2)
    # Two kinds in one line of the table.
    items = [
        item.model_copy(update={"kind": "first" if item.id.endswith("/0") else "second"})
        if item.task == "vqa"
        else item
        for item in world.items
    ]
    return world.keeping(items)


def test_methods_side_by_side(data: Dataset, tmp_path: Path) -> None:
    no = Planted(lambda query, count: "No" if query.form == "yes_no" else "", name="no")
    honest, begun = HonestMethod(), list[str]()
    summary = run_campaign(
        data, [no, honest], tmp_path, SHORT, begun=lambda method: begun.append(method.name)
    )
    assert begun == ["no", "honest"]
    kinds = {(row.group, row.kind): row for row in summary.rows}
    assert {key for key in kinds if key[0] == "vqa open"} == {("vqa open", "first"), ("vqa open", "second")}
    assert all(row.values["honest"].value == 1 for row in summary.rows)
    assert all(row.values["no"].value == 0 for row in summary.rows)
    assert sum(row.items for row in summary.rows) == len(data.items)
    assert summary.means() == {"no": 0, "honest": 1}
    assert summary.controls["honest"]["wrong"] == 0
    assert list(summary.controls["honest"]) == ["method", "wrong", "constant"]
    assert {one.difference.value for one in summary.against["no"]} == {1.0}
    assert any(sign.startswith("constant") for sign in summary.signs["no"])
    assert summary.signs["honest"] == ()
    page = (tmp_path / "summary.md").read_text("utf-8")
    assert "| vqa open | first | 4 | 0.0 (0.0 to 49.0) | 100.0 (51.0 to 100.0) |" in page
    assert json.loads((tmp_path / "summary.json").read_text("utf-8")) == summary.to_dict()
    asked = len(honest.memories)
    again = run_campaign(data, [no, honest], tmp_path, SHORT)
    assert again.rows == summary.rows
    assert len(honest.memories) == asked  # all answers were there


def test_only_runs_on_the_same_data_stand_side_by_side(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="each once; got honest, honest"):
        run_campaign(data, [HonestMethod(), HonestMethod()], tmp_path, SHORT)
    with pytest.raises(SettingError, match="got none"):
        run_campaign(data, [], tmp_path, SHORT)
    with pytest.raises(InputError, match="side by side"):
        summarise([], [])


def test_kinds_of_recognition_hold_one_truth_only_and_are_one_line(data: Dataset, tmp_path: Path) -> None:
    def named(item: Item) -> Item:
        return item.model_copy(update={"kind": {"yes": "Positive", "no": "Fake"}.get(item.answer, item.kind)})

    items = [named(item) for item in data.items if item.form == "yes_no"]
    # Nobody is in this one: there is no recall of it, and so no figure.
    nowhere = [
        item.model_copy(update={"id": "nowhere", "concepts": ("bo", "mimi"), "answer": "no"})
        for item in items[:1]
    ]
    captions = [item for item in data.items if item.form == "caption"]
    yes = Planted(lambda query, count: "Yes", name="yes")
    summary = run_campaign(data.keeping([*items, *nowhere, *captions]), [yes], tmp_path, SHORT)
    rows = {(row.group, row.kind): row for row in summary.rows}
    assert list(rows) == [("caption", ""), ("multi recognition", ""), ("recognition", "")]
    # Always yes: P is a quarter of the pictures, R is 1.
    assert rows["recognition", ""].values["yes"].value == pytest.approx(0.4)
    assert rows["recognition", ""].items == len(items)
    assert math.isnan(rows["multi recognition", ""].values["yes"].value)
    assert summary.kinds == 2
    assert summary.means() == {"yes": pytest.approx(0.2)}
    assert summary.controls["yes"]["constant"] == pytest.approx((0.4 + 1) / 2)
    assert "Means over 2 of 3 kinds" in (tmp_path / "summary.md").read_text("utf-8")


def test_controls_of_a_share_are_shown_beside(data: Dataset, tmp_path: Path) -> None:
    everybody = ", ".join(concept.name for concept in data.concepts)
    names = Planted(lambda query, count: everybody if query.form == "caption" else "", name="names")
    summary = run_campaign(data, [names], tmp_path, Campaign(ARMS, canary=0, share=0.5))
    arms = ["method", "oracle", "none", "wrong", "constant"]
    assert list(summary.arms()) == arms
    assert summary.share == 0.5
    page = (tmp_path / "summary.md").read_text("utf-8")
    assert f"| method | {' | '.join(arms)} |" in page
    assert "oracle, none, wrong: 50% of the pictures and questions of each kind." in page
    # A caption of all four names has a quarter right.
    assert "| caption |  | 8 | 100.0 (67.6 to 100.0), precision 25.0 |" in page
    row = next(row for row in summary.rows if row.group == "caption")
    assert row.others["names"]["precision"] == 0.25
    # What was not asked counts for nothing: all arms have full recall, of half of the captions.
    assert {len(read_outcomes(tmp_path / "names", arm)) for arm in ("method", "constant")} == {
        len(data.items)
    }
    for arm in ("oracle", "none", "wrong"):
        asked = read_outcomes(tmp_path / "names", arm)
        assert Counter(kind_of(one.item) for one in asked) == {
            ("caption", ""): 4,
            ("recognition", ""): 4 * 4,
            **{(group, kind): 2 for group in ("vqa choice", "vqa open") for kind in ("first", "second")},
        }
        assert all(one.whole for one in asked)
        assert summary.controls["names"][arm] == summary.controls["names"]["method"]
    (found, *_) = compare_runs(tmp_path / "names", tmp_path / "names", arms=("method", "oracle"))
    assert (found.group, found.one, found.other) == ("caption", 1, 1)
    # A larger share goes into the same folder; only the rest is asked.
    more = run_campaign(data, [names], tmp_path, Campaign(ARMS, canary=0))
    assert len(read_outcomes(tmp_path / "names", "oracle")) == len(data.items)
    assert more.rows == summary.rows
    with pytest.raises(SettingError, match="above 0 and at most 1, got 0"):
        Plan(share=0)


def test_a_judge_decides_and_what_nobody_decides_is_shown(data: Dataset, tmp_path: Path) -> None:
    class Judge:
        """Says yes, except of what has the word pears in it: of that it says nothing."""

        def invoke(self, input: str, /) -> str:
            return "hm" if "pears" in input else "yes"

    free = data.keeping(item for item in data.items if item.form == "open")
    vague = Planted(lambda query, count: "It is sweet.", name="vague")
    alone = run_campaign(free, [vague], tmp_path / "alone", Campaign(("method",), canary=0))
    judged = run_campaign(free, [vague], tmp_path / "judged", Campaign(("method",), canary=0, judge=Judge()))
    for summary, right, undecided, told in (
        (alone, 0.0, 4, "Without a judge"),
        (judged, 0.75, 1, "With a judge"),
    ):
        (row, *_) = summary.rows
        assert (row.group, row.kind, row.items) == ("vqa open", "first", 4)
        assert (row.values["vague"].value, row.undecided["vague"]) == (right, undecided)
        assert told in summary.to_markdown()
        assert f", {undecided} undecided |" in summary.to_markdown()
        assert summary.to_dict()["rows"][0]["undecided"] == {"vague": undecided}


def test_none_needs_no_control_of_its_own() -> None:
    assert plan_of("none", ARMS).arms == ("method", "constant")
    assert plan_of("jarvis", ARMS).arms == ARMS


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=8))
def test_the_front_is_what_nobody_beats(pairs: list[tuple[int, int]]) -> None:
    points = {str(place): (float(cost), float(value)) for place, (cost, value) in enumerate(pairs)}

    def beaten(name: str) -> bool:
        cost, value = points[name]
        return any((c < cost and v >= value) or (c <= cost and v > value) for c, v in points.values())

    found = front(points)
    assert set(found) == {name for name in points if not beaten(name)}
    assert [points[name][0] for name in found] == sorted(points[name][0] for name in found)


def summary_of(**costs: Cost) -> Summary:
    value = Interval(0.5, 0.4, 0.6)
    row = Row("text open", "fact", "accuracy", 4, dict.fromkeys(costs, value))
    means = {name: {"method": 0.5} for name in costs}
    return Summary("drawn", (row,), means, 1, 1.0, False, costs, {}, {})


def test_the_plot_is_the_same_for_the_same_figures(tmp_path: Path) -> None:
    summary = summary_of(text=Cost(1, 0.5, 1, 100, 10, 0), none=Cost(1, 0.4, 1, None, 0, 0))
    for name in ("one.svg", "other.svg"):
        draw_costs(tmp_path / name, summary)
    draw_costs(tmp_path / "nobody.svg", summary_of(none=Cost(1, None, None, None, 0, 0)))  # no point at all
    one = (tmp_path / "one.svg").read_bytes()
    assert one == (tmp_path / "other.svg").read_bytes()
    draw_costs(tmp_path / "third.svg", summary_of(text=Cost(1, 0.1, 1, 100, 10, 0)))
    assert (tmp_path / "third.svg").read_bytes() != one


def test_figures_that_are_none_are_no_json_numbers() -> None:
    made = summary_of(text=Cost(None, None, None, None, None, 0))
    row = made.rows[0]
    odd = Row(row.group, row.kind, row.figure, 0, {"text": Interval(math.nan, math.nan, math.nan)})
    told = Summary("drawn", (odd,), {"text": {"method": math.nan}}, 0, 1.0, False, made.costs, {}, {})
    assert json.loads(told.to_json())["rows"][0]["values"]["text"]["value"] is None
    assert "| text open | fact | 0 | - (- to -) |" in told.to_markdown()


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("jarvis_bench.plot.find_spec", lambda name: None)
    refused(jarvis("bench", "run", "--out", str(tmp_path / "out")), 'pip install "jarvis-plugins[bench]"')
    assert not (tmp_path / "out").exists()
    with pytest.raises(ExtraError, match="needs matplotlib"):
        draw_costs(tmp_path / "x.svg", summary_of())


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    from jarvis_bench import compare_runs

    with pytest.raises(DatasetError, match="holds no finished run"):
        compare_runs(tmp_path, tmp_path)
