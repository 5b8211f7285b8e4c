"""What a reply means: yes only if all of it says so, a choice only if it is not denied."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_agents.conversation.known import Known
from jarvis_agents.conversation.replies import agreed, chosen, fitting
from tests.agents.conftest import Talk
from tests.agents.test_learning import photo_of_nobody

AGREES = (
    *("yes", "yeah", "yep", "sure", "correct", "right", "ok", "okay", "please", "exactly", "indeed"),
    *("confirm", "confirmed", "do it", "do that", "do so", "go ahead", "of course", "by all means"),
)
BESIDE = ("do", "thanks", "thank you", "very much", "i am", "i'm", "it is", "that is", "that's")
OTHER = ("what", "Liki", "wait", "tell", "her", "now", "age", "no", "not", "don't", "forget", "name", "she")
NOBODY = Known(())
PAIR = ("Liki", "Nori")


@pytest.mark.parametrize(
    "text",
    [
        "Please don't",
        "Please don\N{RIGHT SINGLE QUOTATION MARK}t do that",
        "don\N{RIGHT SINGLE QUOTATION MARK}t",
        "Right, no",
        "sure? no",
        "ok, no thanks",
        "Yes... never mind, stop",
        "please do not",
        "Yes, I am not sure",
        "Okay cancel",
        "Please, no!",
        "of course not",
    ],
)
def test_a_refusal_that_begins_politely_is_no(text: str) -> None:
    assert agreed(text) in {False, None}
    assert agreed(text) is False or text.startswith("Yes...")


@pytest.mark.parametrize(
    "text",
    [
        "ok what does Liki like",
        "please tell me what Nori likes",
        "Correct her age to 9",
        "Right now I want to know about Nori",
        "Yes, but her name is Kimo",
        "Yes, and she likes corn too.",
        "ok forget it",
        "please wait",
    ],
)
def test_more_than_a_yes_is_none(text: str) -> None:
    assert agreed(text) is None


@pytest.mark.parametrize(
    "text",
    ["Yes.", "yes please", "OK, thank you", "Please do.", "Sure, go ahead!", "Yes, that's right", "do it"],
)
def test_a_plain_yes_is_yes(text: str) -> None:
    assert agreed(text) is True


@given(
    st.sampled_from(AGREES),
    st.lists(st.sampled_from((*AGREES, *BESIDE, *OTHER)), max_size=5),
    st.sampled_from([" ", ", ", ". "]),
)
@settings(max_examples=300, deadline=None)
def test_nothing_is_a_yes_but_words_of_agreement(first: str, more: list[str], gap: str) -> None:
    """Words of agreement may be too many, or not come to an end: then it is asked again."""
    said = agreed(gap.join([first, *more]))
    if set(more).intersection(OTHER):
        assert said is not True
    else:
        assert said is not False


@pytest.mark.parametrize(
    "text",
    [
        "not Liki",
        "It is not Liki",
        "No, not Liki",
        "anyone but Liki",
        "not the first",
        "Liki, no",
        "it isn't Liki",
    ],
)
def test_who_is_denied_is_not_chosen(text: str) -> None:
    assert chosen(text, PAIR, NOBODY) == 1
    assert chosen(text, ("Liki",), NOBODY) == -1
    three = ("Liki", "Nori", "Fabi")
    assert (chosen(text, three, NOBODY), fitting(text, three, NOBODY)) == (None, [1, 2])


@pytest.mark.parametrize(
    "text", ["not Liki but Nori", "Nori, not Liki", "No, not Liki, Nori", "Nori", "the second"]
)
def test_who_is_said_instead_is_chosen(text: str) -> None:
    assert chosen(text, PAIR, NOBODY) == 1


def test_a_polite_refusal_chooses_nobody() -> None:
    said = ("please don't", "No, thanks", "neither", "no")
    assert [chosen(text, ("Tomiko",), NOBODY) for text in said] == [-1] * 4
    assert [chosen(text, ("Tomiko",), NOBODY) for text in ("yes", "yes, her", "ok", "Sure, Tomiko")] == [
        0
    ] * 4
    assert chosen("ok what does Nori like", ("Tomiko",), NOBODY) is None


@pytest.mark.parametrize(
    "reply",
    [
        "Please don't",
        "Right, no",
        "ok what does Liki like",
        "sure? no",
        "please tell me what Nori likes",
        "Correct her age to 9",
        "Please don\N{RIGHT SINGLE QUOTATION MARK}t do that",
        "Ok, wait a moment",
    ],
)
def test_nobody_is_forgotten_without_a_yes(own: Talk, reply: str) -> None:
    before = own.memory.list()
    assert own("Forget Zifa").kind == "confirm"
    assert own(reply).kind != "forgot"
    assert own.memory.list() == before


def test_what_is_no_answer_is_asked_again(own: Talk) -> None:
    own("Forget Zifa")
    again = own("Ok, wait a moment")
    assert (again.kind, again.choices) == ("confirm", ("yes", "no"))
    assert "Shall I forget Zifa" in again.text
    assert own("Yes, forget Zifa.").kind == "forgot"


def test_a_question_behind_a_yes_is_answered(own: Talk) -> None:
    own("Forget Zifa")
    assert "noodles" in own("ok what does Liki like").text
    assert own("yes").kind == "declined"  # what was asked before is over


def test_a_yes_with_more_is_asked_again_with_that(own: Talk) -> None:
    own("This is Moki, my turtle. She likes noodles.", photo_of_nobody())
    more = own("Yes, and she likes corn too.")
    assert more.kind == "confirm"
    assert "Moki likes corn" in more.text
    other = own("Yes, but her name is Kimo")
    assert other.kind == "confirm"
    assert "Kimo, a turtle" in other.text
    assert own("yes").kind == "learned"
    facts = own.memory.show("Kimo").profile.facts
    assert ("Kimo likes noodles." in facts, any("corn" in fact for fact in facts)) == (True, True)
    assert "Moki" not in {concept.name for concept in own.memory.list()} | set(" ".join(facts).split())


def test_a_denied_choice_is_left_out(own: Talk) -> None:
    asked = own("What does the cat like?")
    assert set(asked.choices) == {"Liki", "Nori"}
    said = own("It is not Liki")
    assert said.concepts == ("Nori",)
