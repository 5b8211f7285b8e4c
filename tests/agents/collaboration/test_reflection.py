"""The rule of reflection, and that it asks no more than it has to."""

from __future__ import annotations

from itertools import product

import pytest

from jarvis_agents.collaboration import Look
from jarvis_agents.collaboration.look import Kind
from jarvis_agents.collaboration.reflection import decide, locate, reflect, sighted, unchecked
from jarvis_agents.collaboration.report import Place

from .looks import BO, Telling, scene

CHECKS: tuple[Kind, ...] = ("mirrored", "matched", "cropped")


def expected(vectors: bool | None, looks: tuple[bool | None, ...]) -> bool | None:
    """The rule of the module, spelt out once more."""
    yes, no = looks.count(True), looks.count(False)
    if yes + no == 0:
        return None
    if vectors is True:
        return True if yes >= no else None
    if vectors is False:
        return False if yes < (yes + no) / 2 else None
    return None if yes == no else yes > no


@pytest.mark.parametrize("vectors", [True, False, None])
def test_every_combination_is_decided_by_the_rule(vectors: bool | None) -> None:
    for said in product((True, False, None), repeat=4):
        looks = [Look(kind, one) for kind, one in zip(("asked", *CHECKS), said, strict=True)]
        if vectors is not None:
            looks.insert(1, Look("sighted", vectors))
        assert decide(looks) is expected(vectors, said)


@pytest.mark.parametrize("vectors", [True, False, None])
def test_stopping_early_never_changes_what_all_looks_would_say(vectors: bool | None) -> None:
    for said in product((True, False), repeat=4):
        kinds: tuple[Kind, ...] = ("asked", *CHECKS)
        reporter = Telling({kind: (one, None) for kind, one in zip(kinds, said, strict=True)})
        made = reflect(reporter, scene(vectors), BO, Look("asked", said[0]))
        if vectors is said[0]:
            # Two witnesses agree: of the rest only the place is asked, and those looks count, too.
            assert vectors or not reporter.made
            taken = (said[0], *(check.present for check in made.checks if check.kind != "sighted"))
            assert made.present is expected(vectors, taken)
        else:
            assert made.present is expected(vectors, said)
        assert len(reporter.made) <= len(CHECKS)


def test_an_absent_claim_is_checked_and_turned() -> None:
    reporter = Telling({"asked": (False, None), "mirrored": (True, "left"), "matched": (True, "left")})
    made = reflect(reporter, scene(True), BO, Look("asked", False))
    assert (made.present, made.place, made.verdict) == (True, "left", "turned")
    assert [check.kind for check in made.checks] == ["sighted", "mirrored", "matched"]


def test_one_look_of_four_does_not_turn_an_absent_claim() -> None:
    reporter = Telling({"mirrored": (True, "left"), "matched": (False, None), "cropped": (False, None)})
    made = reflect(reporter, scene(True), BO, Look("asked", False))
    assert (made.present, made.verdict) == (None, "dropped")


def test_a_present_claim_that_only_the_model_sees_is_dropped() -> None:
    reporter = Telling(dict.fromkeys(CHECKS, (True, "left")))
    made = reflect(reporter, scene(False), BO, Look("asked", True, "left"))
    assert (made.present, made.place, made.verdict) == (None, None, "dropped")


def test_a_claim_that_cannot_be_read_is_checked() -> None:
    reporter = Telling(dict.fromkeys(CHECKS, (None, None)))
    made = reflect(reporter, scene(False), BO, Look("asked", None))
    assert (made.present, made.verdict) == (None, "dropped")
    assert reporter.made == list(CHECKS)


def test_the_number_of_checks_is_bounded() -> None:
    reporter = Telling({"mirrored": (True, None), "matched": (False, None), "cropped": (True, None)})
    reflect(reporter, scene(True), BO, Look("asked", False), most=2)
    assert reporter.made == ["mirrored", "matched"]
    assert reflect(Telling({}), scene(True), BO, Look("asked", True, "left"), most=0).place == "left"


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (("left", "left"), "left"),
        (("left", "right"), None),
        (("left", "right", "right"), "right"),
        (("left", None), None),
        ((None, None), None),
        (("left", "middle", "right"), None),
    ],
)
def test_a_place_needs_two_witnesses_and_more_than_half(
    places: tuple[Place | None, ...], expected: str | None
) -> None:
    assert locate([Look("asked", True, place) for place in places]) == expected
    assert locate([Look("asked", False, place) for place in places]) is None


def test_a_place_that_no_word_tells_hangs_on_the_crop() -> None:
    seen = Telling({"mirrored": (True, None), "matched": (True, None), "cropped": (True, "middle")})
    made = reflect(seen, scene(True, 1), BO, Look("asked", True))
    assert (made.place, seen.made) == ("middle", ["cropped"])
    away = Telling({"mirrored": (True, None), "matched": (True, None), "cropped": (False, None)})
    made = reflect(away, scene(True, 1), BO, Look("asked", True))
    assert (made.present, made.place) == (True, None)


def test_cost_and_questions_of_the_large_model_are_kept() -> None:
    claim = Look("asked", True, "left")
    made = reflect(Telling({}), scene(None), BO, claim)
    more = made.with_check(Look("large", False, calls=1, seconds=0.5))
    assert (made.present, more.present) == (True, None)
    assert (more.calls, more.seconds) == (1, 0.5)


def test_what_was_not_checked_is_as_it_was_said() -> None:
    assert unchecked(scene(True, 2), "Bo", Look("asked", True)).place == "right"
    assert unchecked(scene(True, 2), "Bo", Look("asked", True, "left")).place == "left"
    assert unchecked(scene(True, 2), "Bo", Look("asked", False)).place is None
    assert sighted(scene(None), "Bo") is None
