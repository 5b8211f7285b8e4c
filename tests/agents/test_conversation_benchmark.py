"""The scripted conversation: what is drawn is what it says it is, and its rules know right from wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.conversation import Talk, constant
from benchmarks.expected import Expected, claimed, denies, first_number, holds
from benchmarks.script import Script
from benchmarks.turn import Truth
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket.world import look_split, name_split
from jarvis_retrievers.openclip import OpenCLIPEncoder

SEEDS = st.integers(0, 10_000)
few = settings(max_examples=6, deadline=None)


@few
@given(SEEDS)
def test_a_script_has_thirty_turns_with_every_kind_of_trouble(seed: int) -> None:
    script = Script.draw(seed)
    sorts = Counter(turn.sort for turn in script.turns)
    assert sorts.total() == 30
    assert (sorts["ambiguous"], sorts["reply"], sorts["forgotten"]) == (3, 3, 2)
    assert {"pronoun", "stranger", "look-alike", "correct", "learned", "group", "count"} <= set(sorts)


@few
@given(SEEDS)
def test_names_and_looks_are_held_out_and_only_twins_share_a_kind(seed: int) -> None:
    home = Script.draw(seed).home
    everybody = (*home.all, home.guest)
    assert {name_split(one.name) for one in everybody} == {"heldout"}
    assert {look_split(one.look) for one in everybody} == {"heldout"}
    one, other = (twin.look for twin in home.twins)
    assert one != other
    assert replace(one, colour=other.colour) == other
    kinds = Counter(concept.look.category for concept in everybody)
    assert kinds.pop(one.category) == 2
    assert set(kinds.values()) == {1}


@few
@given(SEEDS)
def test_the_truth_is_right_and_the_truth_of_another_turn_is_not(seed: int) -> None:
    turns = Script.draw(seed).turns
    for turn in turns:
        assert turn.expected.worded(turn.truth), turn.text
        assert not turn.expected.right(Truth("answer", "I do not want to say."), lambda name: None)
    # Both twins answer the same question: what is right of one is wrong of the other.
    reply, other = turns[5], turns[6]
    assert not reply.expected.worded(other.truth)
    assert not other.expected.worded(reply.truth)


def test_a_seed_is_a_household() -> None:
    one, again, other = Script.draw(1), Script.draw(1), Script.draw(2)
    assert [turn.text for turn in one.turns] == [turn.text for turn in again.turns]
    assert one.home.all == again.home.all
    assert {c.name for c in one.home.all}.isdisjoint(c.name for c in other.home.all)


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Bo and Mimi.", {"Bo", "Mimi"}),
        ("Bo likes rice: yes. Mimi likes soup: no.", {"Bo"}),
        ("Bo likes rice. Mimi likes soup.", {"Bo"}),
        ("It is Bo, not Mimi.", set()),  # such a sentence says both: nothing is taken from it
        ("Nobody likes rice.", set()),
        ("Bo: yes; Mimi: no", {"Bo"}),
        ("Boris likes rice.", set()),
    ],
)
def test_whom_a_text_claims(text: str, claims: set[str]) -> None:
    assert claimed(text, ("Bo", "Mimi"), ("soup",)) == claims


def test_whom_a_text_denies() -> None:
    assert denies("I see Mimi. Bo is not here.", "Bo")
    assert denies("On a second look I don't think that Bo is there.", "Bo")
    assert not denies("Bo is here. It is not Mimi.", "Bo")
    assert not denies("On the left a cat, no; on the right a dog, yes. Bo is here.", "Bo")


@pytest.mark.parametrize(
    ("text", "number"),
    [("2 of 6: Bo and Mimi.", 2), ("Two of them.", 2), ("None.", 0), ("Bo and Mimi.", None), ("Bo2", None)],
)
def test_the_first_number_counts(text: str, number: int | None) -> None:
    assert first_number(text) == number


def telling(text: str) -> Callable[[str], str | None]:
    return lambda name: text if name == "Bo" else None


def test_a_rule_looks_at_kind_words_and_record() -> None:
    expected = Expected(("learned",), (("Bo",),), ("soup",), known=("Bo",), told=(("Bo", "rice"),))
    right = Truth("learned", "I know Bo now.")
    assert expected.right(right, telling("Bo likes rice."))
    assert not expected.right(right, telling("Bo likes soup."))
    assert not expected.right(right, lambda name: None)
    assert not expected.right(Truth("answer", right.text), telling("Bo likes rice."))
    assert not expected.right(Truth("learned", "I know Bo now. Soup."), telling("Bo likes rice."))
    assert holds("He is 12.", "12")
    assert not holds("He is 12.", "1")


def test_the_constant_reply_is_the_best_of_all() -> None:
    turns = Script.draw(3).turns

    def right(reply: Truth) -> int:
        return sum(turn.expected.right(reply, lambda name: None) for turn in turns)

    assert right(constant(turns)) == max(right(turn.truth) for turn in turns) >= 3


def test_a_conversation_is_held_and_marked(tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder) -> None:
    script = Script.draw(1)
    first = replace(script, turns=script.turns[:5])
    with PersonalMemory.open(tmp_path, model=vlm, clip=encoder) as memory:
        talk = Talk(first, memory)
        talk.fill()
        marked = talk.go()
    assert [one.number for one in marked] == [1, 2, 3, 4, 5]
    for one in marked:
        assert one.right == one.turn.expected.right(one.said, lambda name: None)
    assert [one.plain for one in marked[:4]] == [True] * 4
    assert marked[4].plain is None
    assert marked[4].right
    assert not any(one.alone[1] for one in marked[:3])
