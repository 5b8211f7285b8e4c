"""Figures by hand and by brute force."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_bench import (
    Item,
    Mark,
    Outcome,
    accuracy,
    caption_recall,
    outcomes_of,
    recognition_f1,
    scores_of,
)
from tests.bench.worlds import HERE, choice, imagined, recognition, said

PICTURES = [imagined(f"picture {number}") for number in range(6)]


def test_recognition_by_hand() -> None:
    # Three pictures, two concepts. Of a: called on 0 (there) and 1 (not): P 1/2, R 1/1.
    # Of b: there on 1 and 2, called on 1 and unreadable on 0, which is a false call: P 1/2, R 1/2.
    truth = {
        ("a", 0): True,
        ("a", 1): False,
        ("a", 2): False,
        ("b", 0): False,
        ("b", 1): True,
        ("b", 2): True,
    }
    words = {
        ("a", 0): "yes",
        ("a", 1): "yes",
        ("a", 2): "no",
        ("b", 0): None,
        ("b", 1): "yes",
        ("b", 2): "no",
    }
    outcomes = [
        said(recognition(f"{c}{n}", [c], PICTURES[n], here), words[c, n]) for (c, n), here in truth.items()
    ]
    values = recognition_f1(outcomes).values()
    assert values["precision"] == pytest.approx(0.5)
    assert values["recall"] == pytest.approx(0.75)
    assert values["f1"] == pytest.approx(2 * 0.5 * 0.75 / 1.25)
    assert values["weighted"] == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert recognition_f1(outcomes).units == tuple(sorted(picture.digest for picture in PICTURES[:3]))


def test_f1_is_of_the_averages_and_not_the_average() -> None:
    # a: P 1, R 1/2 (F1 2/3). b: P 1/2, R 1 (F1 2/3). Averages 3/4 and 3/4: F1 3/4.
    outcomes = [
        said(recognition("a0", ["a"], PICTURES[0], True), "yes"),
        said(recognition("a1", ["a"], PICTURES[1], True), "no"),
        said(recognition("b0", ["b"], PICTURES[0], True), "yes"),
        said(recognition("b1", ["b"], PICTURES[1], False), "yes"),
    ]
    assert recognition_f1(outcomes).value == pytest.approx(0.75)


def test_always_no_and_always_yes() -> None:
    items = [recognition(f"{c}{n}", [c], PICTURES[n], c == str(n)) for c in "0123" for n in range(4)]
    never = recognition_f1([said(item, "no") for item in items]).values()
    assert (never["f1"], never["precision"], never["recall"], never["weighted"]) == (0, 0, 0, 0.5)
    always = recognition_f1([said(item, "yes") for item in items]).values()
    assert (always["precision"], always["recall"], always["weighted"]) == (0.25, 1, 0.5)
    assert always["f1"] == pytest.approx(0.4)
    silent = recognition_f1([said(item, None) for item in items]).values()
    assert (silent["f1"], silent["weighted"]) == (0, 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.integers(0, 3), st.booleans(), st.sampled_from(["yes", "no", None])
        ),
        min_size=1,
        max_size=30,
    )
)
def test_recognition_is_what_counting_gives(rows: list[tuple[str, int, bool, str | None]]) -> None:
    outcomes = [
        said(recognition(str(number), [c], PICTURES[n], here), word)
        for number, (c, n, here, word) in enumerate(rows)
    ]
    precisions, recalls = [], []
    for concept in sorted({row[0] for row in rows}):
        mine = [(here, word) for c, _, here, word in rows if c == concept]
        tp = sum(here and word == "yes" for here, word in mine)
        fp = sum(not here and word != "no" for here, word in mine)
        fn = sum(here and word != "yes" for here, word in mine)
        if tp + fp or tp + fn:
            precisions.append(tp / (tp + fp) if tp + fp else 0.0)
        if tp + fn:
            recalls.append(tp / (tp + fn))
    values = recognition_f1(outcomes).values()
    precision = sum(precisions) / len(precisions) if precisions else math.nan
    recall = sum(recalls) / len(recalls) if recalls else math.nan
    assert values["precision"] == pytest.approx(precision, nan_ok=True)
    assert values["recall"] == pytest.approx(recall, nan_ok=True)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert values["f1"] == pytest.approx(f1, nan_ok=True)


def test_a_choice_is_right_only_under_all_rotations() -> None:
    item = choice("one", [], ["x", "y"], 0, PICTURES[0])
    other = choice("two", [], ["x", "y"], 1, PICTURES[1])
    values = accuracy([said(item, "R", "R"), said(other, "R", "W")]).values()
    assert values == {"accuracy": 0.5, "published order": 1.0}
    # The constant answer "A" has half of the answers right in the published order, and no item.
    marks = [Mark(i.id, turn, (turn == 0) == (i is item), "A") for i in (item, other) for turn in (0, 1)]
    constant = accuracy(outcomes_of([item, other], marks)).values()
    assert constant == {"accuracy": 0.0, "published order": 0.5}


def test_a_missing_or_doubled_mark_is_wrong() -> None:
    item = choice("one", [], ["x", "y"], 0, PICTURES[0])
    for turns in ([0], [0, 0], [0, 1, 1], []):
        outcome = Outcome(item, tuple(Mark("one", turn, True, "A") for turn in turns))
        assert not outcome.right
        (score,) = scores_of([outcome], resamples=10)
        assert (score.value.value, score.missing, score.unreadable, score.by_rules) == (0, 1, 0, 0)


def caption(id: str, concepts: tuple[str, ...], place: int) -> Item:
    image = (PICTURES[place],)
    return Item(id=id, task="caption", question="?", concepts=concepts, images=image, source=HERE)


def test_caption_recall_is_averaged_over_concepts() -> None:
    # a: 1 of 3. b: 1 of 1. Mean 2/3, where the mean over pictures is 1/2.
    named = ["a", "", "c", "b"]
    items = [
        caption("1", ("a",), 0),
        caption("2", ("a",), 1),
        caption("3", ("a",), 2),
        caption("4", ("b",), 3),
    ]
    outcomes = [
        Outcome(item, (Mark(item.id, 0, set(item.concepts) <= set(word.split()), word),))
        for item, word in zip(items, named, strict=True)
    ]
    values = caption_recall(outcomes).values()
    assert values == {"recall": pytest.approx(2 / 3), "names": 0.5, "precision": pytest.approx(2 / 3)}


def test_a_caption_of_two_needs_both_and_one_that_names_all_lacks_precision() -> None:
    items = [caption("1", ("a", "b"), 0), caption("2", ("a", "c"), 1)]
    half = [Outcome(item, (Mark(item.id, 0, False, "a"),)) for item in items]
    assert caption_recall(half).values() == {"recall": 0.0, "names": 0.5, "precision": 1.0}
    everybody = [Outcome(item, (Mark(item.id, 0, True, "a\nb\nc\nd"),)) for item in items]
    assert caption_recall(everybody).values() == {"recall": 1.0, "names": 1.0, "precision": 0.5}
