"""A description keeps its rules whatever a model writes, and nothing momentary gets into a profile."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from jarvis_memory.concept import Profile
from jarvis_memory.profile import build_profile, profile_text
from jarvis_memory.profiling import Description, RuleProfiler, State, Subject
from jarvis_memory.profiling.merging import described
from jarvis_retrievers.errors import ConceptNameError

WORDS = st.lists(st.text("abcäあ-' ", min_size=1, max_size=8), min_size=1, max_size=40).map(" ".join)
TEXT = WORDS | st.text(max_size=60)


@settings(deadline=None)
@example("A cat.", ["ear: black"], "a a cat. .", [" "])
@example("A cat.", ["ear: black"], "an the cat. .!", ["It purrs. "])
@given(TEXT, st.lists(TEXT, max_size=10), TEXT, st.lists(TEXT, max_size=10))
def test_what_passes_keeps_the_rules(
    caption: str, attributes: list[str], category: str, facts: list[str]
) -> None:
    given_fields = {"caption": caption, "attributes": attributes, "category": category, "facts": facts}
    try:
        passed = Description.model_validate(given_fields)
    except ValidationError:
        return
    assert passed.caption is None or 1 <= len(passed.caption.split()) <= 25
    assert len(passed.attributes) <= 8
    for attribute in passed.attributes:
        part, colon, descriptor = attribute.partition(":")
        assert part.strip()
        assert colon
        assert descriptor.strip()
    for text in (passed.category or "", passed.caption or "", *passed.attributes, *passed.facts):
        assert "\n" not in text
    assert passed.lasting().lasting() == passed.lasting()
    assert Description.model_validate_json(passed.model_dump_json()) == passed


@pytest.mark.parametrize(
    "wrong",
    [
        {"caption": "word " * 26},
        {"attributes": ["black ears"]},
        {"attributes": ["ear:"]},
        {"attributes": [": black"]},
        {"attributes": [f"part {n}: red" for n in range(9)]},
        {"category": "cat<|im_end|>"},
        {"category": "x" * 61},
        {"caption": "a\ud800"},
        {"facts": ["x" * 301]},
        {"facts": [" "]},
        {"category": ". ."},
        {"state": {"mood": "glad"}},
        {"colour": "red"},
        {"state": None},
    ],
)
def test_what_breaks_a_rule_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Description.model_validate(wrong)


def test_blank_fields_are_empty_and_articles_go() -> None:
    said = Description.model_validate({"category": " ", "caption": "", "state": {"pose": " "}})
    assert said == Description()
    assert said.empty
    assert Description(category="A red mug.").category == "red mug"


def test_nothing_momentary_lasts() -> None:
    said = Description(
        state=State(pose="sitting", place="on a red sofa", lighting="evening"),
        category="shiba",
        caption="A shiba sitting on a red sofa.",
        attributes=("ear: black tip", "pose: curled up", "back: lies against the red sofa", "collar: red"),
        facts=("Bo is sitting.", "Bo has a scar.", "Bo has a scar."),
    )
    lasting = said.lasting()
    assert lasting == Description(
        category="shiba", attributes=("ear: black tip", "collar: red"), facts=("Bo has a scar.",)
    )
    profile = described(build_profile("Bo", ["Loves noodles."]), said)
    assert profile == Profile(
        name="Bo",
        category="shiba",
        caption="Bo is a shiba with ear black tip, collar red.",
        attributes=("ear: black tip", "collar: red"),
        facts=("Bo loves noodles.", "Bo has a scar."),
    )
    for word in ("sitting", "sofa", "evening", "curled"):
        assert word not in profile_text(profile)


def test_words_of_the_owner_win() -> None:
    said = Description(
        category="fox",
        caption="A small fox with a collar.",
        attributes=("Ear: red", "tail: white"),
        facts=("Has a bell.", "Bo loves noodles."),
    )
    rule = build_profile("Bo", ["My shiba. Loves noodles."])
    assert described(rule, None) == rule
    profile = described(rule, said)
    assert profile.category == "shiba"
    assert profile.caption == "A small fox with a collar."
    assert profile.facts == ("Bo is my shiba.", "Bo loves noodles.", "Bo has a bell.")
    known = rule.model_copy(update={"attributes": ("ear: black",), "caption": "Bo."})
    assert described(known, said).attributes == ("ear: black", "tail: white")
    assert described(known, said).caption == "Bo."


def test_a_long_list_of_attributes_makes_no_long_caption() -> None:
    said = Description(category="mug", attributes=tuple(f"part {n}: one two three four" for n in range(8)))
    caption = described(build_profile("Mug", []), said).caption
    assert caption is not None
    assert caption.startswith("Mug is a mug with part 0 one two three four")
    assert len(caption.split()) <= 25


def test_by_rule_nothing_is_said() -> None:
    assert RuleProfiler().describe(Subject("Bo")).empty


def test_a_subject_has_a_name() -> None:
    with pytest.raises(ConceptNameError):
        Subject("Bo<|im_end|>")
