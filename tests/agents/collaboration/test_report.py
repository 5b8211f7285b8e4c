"""The report is strict JSON."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from jarvis_agents.collaboration import PROMPTS_VERSION, Claim, Look, Reflection, Report, Unsure, Where
from jarvis_agents.collaboration.assembling import assemble, told
from jarvis_agents.collaboration.report import PLACES, Place

names = st.text(min_size=1, max_size=8)
wheres = st.builds(Where, absolute=st.sampled_from(PLACES), relative=st.tuples(st.text(max_size=9)))
present = st.builds(
    Claim,
    concept=names,
    picture=st.integers(1, 4),
    present=st.just(True),
    where=st.none() | wheres,
    attributes=st.lists(st.text(max_size=9), max_size=3).map(tuple),
)
absent = st.builds(Claim, concept=names, picture=st.integers(1, 4), present=st.just(False))
unsure = st.builds(Unsure, concept=names, picture=st.integers(1, 4))


@settings(max_examples=30, deadline=None)
@given(st.lists(present | absent, max_size=4).map(tuple), st.lists(unsure, max_size=2).map(tuple))
def test_a_round_trip_gives_an_equal_report(claims: tuple[Claim, ...], unsure: tuple[Unsure, ...]) -> None:
    report = Report(claims=claims, unsure=unsure)
    assert Report.model_validate_json(report.model_dump_json()) == report
    assert report.version == PROMPTS_VERSION


@pytest.mark.parametrize(
    "wrong",
    [
        '{"claims": [{"concept": "Bo", "picture": 1, "present": "true"}]}',
        '{"claims": [{"concept": "Bo", "picture": "1", "present": true}]}',
        '{"claims": [{"concept": "Bo", "picture": 0, "present": true}]}',
        '{"claims": [{"concept": "Bo", "picture": 1, "present": false, "where": {"absolute": "left"}}]}',
        '{"claims": [{"concept": "Bo", "picture": 1, "present": true, "where": {"absolute": "top"}}]}',
        '{"claims": [], "more": 1}',
    ],
)
def test_what_is_not_exactly_a_report_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        Report.model_validate_json(wrong)


def test_the_schema_lets_nothing_else_in() -> None:
    schema = Report.model_json_schema()
    parts = [schema, *schema["$defs"].values()]
    assert all(part["additionalProperties"] is False for part in parts)
    assert schema["$defs"]["Where"]["properties"]["absolute"]["enum"] == list(PLACES)


def reflected(name: str, here: bool | None, place: Place | None = None, picture: int = 1) -> Reflection:
    return Reflection(name, picture, Look("asked", here), (), here, place)


def test_places_are_told_relative_to_others_of_the_same_picture() -> None:
    report = assemble(
        [
            reflected("Bo", True, "left"),
            reflected("Mimi", True, "right"),
            reflected("Liki", True, "left"),
            reflected("Nori", True),
            reflected("Fabi", False),
            reflected("Domu", None),
            reflected("Mimi", True, "left", picture=2),
        ],
        {"Bo": ("emblem: red star",), "Fabi": ("emblem: moon",)},
    )
    bo, mimi, nori, fabi = (report.of(name) for name in ("Bo", "Mimi", "Nori", "Fabi"))
    assert bo is not None
    assert mimi is not None
    assert nori is not None
    assert fabi is not None
    assert bo.where == Where(absolute="left", relative=("to the left of Mimi",))
    assert mimi.where == Where(absolute="right", relative=("to the right of Bo", "to the right of Liki"))
    assert nori.where is None
    assert (bo.attributes, fabi.attributes) == (("emblem: red star",), ())
    assert report.of("Domu") is None
    assert report.unsure == (Unsure(concept="Domu", picture=1),)
    assert told(report)[:4] == ["Bo is here.", "Bo is on the left.", "Mimi is here.", "Mimi is on the right."]
    assert "Fabi is not here." in told(report)
    assert not any("Domu" in line for line in told(report))
