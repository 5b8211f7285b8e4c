"""Plain answers are read by rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jarvis_agents.collaboration.jsons import read_object
from jarvis_agents.collaboration.reading import Figure, figures, matches, mirrored, place_in, verdict
from jarvis_agents.collaboration.report import PLACES

POCKET = (
    "Bo is a grey turtle. Bo wears a green scarf. Bo has a brown star. I see on the left a grey turtle with "
    "a green scarf and a brown star, yes; in the middle a red mug with a blue hat, no; on the right a lamp "
    "with a red bow and a black moon, no. Bo is here."
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (POCKET, True),
        (POCKET.replace("is here", "is not here"), False),
        ("Yes.", True),
        ("yes, Bo sits there", True),
        ("No, that is another dog.", False),
        ("I cannot see Bo.", False),
        ("Bo isn't in the picture.", False),
        ("Bo is on the left.", True),
        ("Bo is here. Bo is not here.", None),
        ("I do not think that Bo is here.", None),
        ("I doubt Bo is there", None),
        ("That dog is not mine. Bo is here.", True),
        ("Bobo is here.", None),
        ("Now and nothing else.", None),
        ("I know a dog.", None),
        ("It is BO IS HERE", True),
        ("", None),
    ],
)
def test_a_verdict(said: str, expected: bool | None) -> None:
    assert verdict(said, "Bo") is expected


def test_a_name_is_no_pattern() -> None:
    assert verdict("B.o is here.", "B.o") is True
    assert verdict("Bxo is here.", "B.o") is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (POCKET, "left"),
        ("Bo is in the centre.", "middle"),
        ("Bo is on the right. Mimi is on the left.", "right"),
        ("Bo is left or right.", None),
        ("Bo is here.", None),
    ],
)
def test_a_place(said: str, expected: str | None) -> None:
    assert place_in(said, "Bo") == expected


def test_places_are_mirrored() -> None:
    assert [mirrored(place) for place in PLACES] == list(reversed(PLACES))
    assert mirrored(None) is None


def test_figures_are_read_from_a_description() -> None:
    assert figures(POCKET) == [
        Figure(("grey turtle", "green scarf", "brown star"), "left"),
        Figure(("red mug", "blue hat"), "middle"),
        Figure(("lamp", "red bow", "black moon"), "right"),
    ]
    assert figures("There is nobody.") == []


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        (("grey turtle", "green scarf", "brown star"), True),
        (("grey turtle", "green scarf"), True),  # the star is hidden
        (("grey spotted turtle", "green scarf", "brown star"), False),
        (("grey turtle", "green scarf", "brown moon"), False),
        (("grey turtle",), False),
    ],
)
def test_a_figure_matches_if_all_that_is_described_is_remembered(
    described: tuple[str, ...], expected: bool
) -> None:
    remembered = ("a grey turtle", "Green scarf", "brown star.")
    assert matches(Figure(described, None), remembered) is expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Here: {"a": 1}', None),
        ("[1]", None),
        ('{"a": 1', None),
        ("[" * 100_000, None),
    ],
)
def test_an_object_is_read_or_nothing(said: str, expected: object) -> None:
    assert read_object(said) == expected


@given(st.text(max_size=60), st.text(min_size=1, max_size=5))
def test_any_text_can_be_read(said: str, name: str) -> None:
    assert verdict(said, name) in (True, False, None)
    assert place_in(said, name) in (*PLACES, None)
    assert all(figure.phrases for figure in figures(said))
