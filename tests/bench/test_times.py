"""How long answers took: by what had to be looked at, never mixed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from jarvis_bench import Answer, AnswerLog, Course, Plan, run, run_campaign
from jarvis_bench.answers import Look
from jarvis_bench.campaign import Campaign
from jarvis_bench.times import Ratio, Times, ratios_of, times_of, typical
from tests.bench.methods import HonestMethod
from tests.bench.worlds import small_world


def said(
    item: str, look: Look | None, seconds: float, first: float | None = None, failure: str = ""
) -> Answer:
    stages = () if first is None else (("first", first),)
    return Answer(
        arm="method",
        item=item,
        rotation=0,
        text="",
        seconds=seconds,
        first_token=first,
        look=look,
        stages=stages,
        failure=failure,
    )


def test_medians_of_each_look() -> None:
    answers = [
        *(said(f"w{n}", "words", 1.0 + n, 0.5) for n in range(3)),
        *(said(f"f{n}", "first", 10.0 + n, 5.0) for n in range(5)),
        *(said(f"a{n}", "again", 3.0, 1.0) for n in range(40)),
        said("broken", "words", 99.0, 98.0, failure="ContextError: full"),
        said("old", None, 77.0),
    ]
    times = times_of(answers)
    assert times == (
        Times("words", 3, 0.5, 2.0, (("first", 0.5),)),
        Times("first", 5, 5.0, 12.0, (("first", 5.0),)),
        Times("again", 40, 1.0, 3.0, (("first", 1.0),)),
    )
    # Many second looks do not make a method look fast.
    assert typical(times, lambda one: one.answer_seconds) == 7.0
    assert typical(times[2:], lambda one: one.answer_seconds) is None


def test_ratios_are_of_the_same_questions() -> None:
    """Two methods that take equally long, except that each answers another question at length."""
    mine = [said("a", "first", 1.0, 0.2), said("b", "first", 8.0, 0.2), said("c", "words", 2.0)]
    theirs = [said("a", "first", 0.5, 0.1), said("b", "first", 4.0, 0.1), said("c", "words", 1.0)]
    other = [*theirs, said("d", "first", 0.1, 0.1)]  # was not asked of both
    assert ratios_of(mine, other) == (Ratio("words", 1, None, 2.0), Ratio("first", 2, 2.0, 2.0))
    assert ratios_of(mine, [said("a", "again", 0.5)]) == ()
    assert ratios_of(mine, [said("a", "first", 0.5, failure="x")]) == ()


def test_a_run_notes_which_pictures_a_memory_was_asked_about(tmp_path: Path) -> None:
    data = small_world(tmp_path / "world", images=2)
    run(data, HonestMethod(), tmp_path / "out", plan=Plan(("method", "none")), canary=0, resamples=10)
    items = {item.id: item for item in data.items}
    seen: dict[str, set[str]] = {"method": set(), "none": set()}
    for answer in AnswerLog(tmp_path / "out" / "answers.jsonl").read():
        shown = {image.digest for image in items[answer.item].images}
        known = seen[answer.arm]
        assert answer.look == ("words" if not shown else "again" if shown <= known else "first")
        known |= shown
    pictures = {image.digest for item in data.items for image in item.images}
    assert seen["method"] == seen["none"] == pictures


def test_times_stand_side_by_side(tmp_path: Path) -> None:
    data = small_world(tmp_path / "world", images=2)
    methods = [HonestMethod("one"), HonestMethod("other")]
    summary = run_campaign(data, methods, tmp_path / "out", Campaign(("method",), 0, 0))
    looks = [one.look for one in summary.costs["one"].times]
    assert looks == ["first", "again"] or looks == ["words", "first", "again"]
    assert [one.look for one in summary.ratios["one"]] == looks
    assert set(summary.ratios) == {"one"}
    assert "| one | other | first | " in summary.to_markdown()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_for_what_is_asked_and_one_for_all(tmp_path: Path, terminal: bool) -> None:
    data = small_world(tmp_path / "world", images=1)
    asked = sum(item.rotations for item in data.items)
    shown = io.StringIO()
    screen = Console(file=shown, force_terminal=terminal, width=100, color_system=None)
    with Course(2 * asked + 5, screen) as course:
        run(
            data,
            HonestMethod(),
            tmp_path,
            plan=Plan(("method", "none")),
            canary=0,
            resamples=10,
            course=course,
        )
        course.part("honest canary", 5, 2)
    if terminal:
        for words in (
            "honest method",
            "honest none",
            "honest canary",
            "all",
            f"{2 * asked}/{2 * asked + 3}",
            "left",
        ):
            assert words in shown.getvalue()
    else:
        assert shown.getvalue() == ""
