"""Who is meant, over several turns, with the answers of the shipped model."""

from __future__ import annotations

import pytest

from tests.agents.conftest import Talk


def test_names_and_pronouns_become_names(talk: Talk) -> None:
    first = talk("What does Liki like?")
    assert (first.kind, first.text, first.concepts) == ("answer", "Liki likes noodles.", ("Liki",))
    (part,) = first.parts
    assert part.answer.usage.reused > 100
    assert {evidence.concept for evidence in part.answer.evidence} == {"Liki"}
    second = talk("How old is she?")
    assert (second.text, second.parts[0].question) == ("Liki is 3 years old.", "How old is Liki?")
    assert talk("And Nori?").text == "Nori is 7 years old."
    assert talk("Does the other one like noodles?").text == "Yes. Liki likes noodles."
    both = talk("Do they have the same emblem?")
    assert set(both.concepts) == {"Liki", "Nori"}
    assert both.parts[0].question in {
        "Do Liki and Nori have the same emblem?",
        "Do Nori and Liki have the same emblem?",
    }
    assert both.text.endswith("no, not the same.")
    assert talk("What is her emblem?").kind == "ask_back"


@pytest.mark.parametrize("reply", ["Nori", "nori please", "The second", "the purple one", "I mean Nori."])
def test_a_reply_to_what_was_asked_back_answers_the_first_question(talk: Talk, reply: str) -> None:
    asked = talk("What does the cat like?")
    assert (asked.kind, asked.choices, asked.parts) == ("ask_back", ("Liki", "Nori"), ())
    assert talk(reply).text == "Nori likes cheese."
    assert talk.state.pending is None


def test_neither_ends_it_and_a_new_question_drops_it(talk: Talk) -> None:
    talk("What does the cat like?")
    assert talk("neither").kind == "declined"
    talk("What does the cat like?")
    assert talk("What does Fabi like?").text == "Fabi likes carrots."
    assert talk("the second").kind == "declined"


def test_a_reply_that_fits_some_narrows_the_choice(talk: Talk) -> None:
    assert len(talk("How old is she?").choices) == 7
    assert talk("the cat").choices == ("Liki", "Nori")
    assert talk("the green one").text == "Liki is 3 years old."


def test_a_possessive_stays_one(talk: Talk) -> None:
    talk("What does Fabi like?")
    assert talk("When is her birthday?").parts[0].question == "When was Fabi born?"
    talk("Do Liki and Nori have the same emblem?")
    talk("What is her age?")
    assert talk("Liki").text == "Liki is 3 years old."


def test_strangers_stay_unknown_and_near_names_are_asked_about(talk: Talk) -> None:
    stranger = talk("What does Lenu like?")
    assert (stranger.text, stranger.concepts) == ("Lenu is unknown to me.", ())
    near = talk("What does Tomico like?")
    assert (near.kind, near.choices) == ("ask_back", ("Tomiko",))
    assert talk("yes").text == "Tomiko likes honey."
    talk("What does Tomico like?")
    no = talk("no")
    assert (no.text, no.concepts) == ("Tomico is unknown to me.", ())


def test_a_word_that_means_nobody_is_not_guessed(talk: Talk) -> None:
    assert talk("How many horses do I have?").text == "I know no horse of yours."
    assert talk("Hello there!").text.startswith("Hello.")
    assert talk("blah blah").kind == "declined"
    assert talk("What does the dog like?").text == "Fabi likes carrots."


def test_an_earlier_picture_is_meant_again(talk: Talk) -> None:
    left = talk("Who is on the left?", "scenes/scene-6.png")
    assert left.text.endswith("It is Liki.")
    assert talk("What does she like?").text == "Liki likes noodles."
    right = talk("And who is on the right?")
    assert right.text.endswith("It is Nori.")
    assert right.parts[0].answer.evidence[0].region is not None
    assert talk("Is Fabi in it?").text.endswith("Fabi is not here.")


def test_a_look_alike_is_taken_back_on_a_second_look(talk: Talk) -> None:
    """A purple dog that the model takes for yellow Fabi, and retrieval does not."""
    said = talk("Is Fabi here?", "scenes/scene-4.png")
    # Nothing of "..., yes. Fabi is here." stays.
    assert said.text == "On a second look, Fabi is not here."
    assert (said.cost.calls, said.cost.looks) == (2, 1)
    assert [part.look for part in said.parts] == [False, True]
    assert said.cost.seconds >= sum(part.answer.timings.total for part in said.parts) * 0.999


@pytest.mark.parametrize(
    "question",
    [
        "Who is in the picture?",
        "Is Liki in the picture?",
        "Who is on the left?",
        "Is Liki here?",
        "What does Liki wear in this photo?",
    ],
)
def test_without_a_picture_nobody_is_seen(talk: Talk, question: str) -> None:
    said = talk(question)
    assert (said.kind, said.parts) == ("declined", ())
    assert said.text == "I have no picture before me. Show me the one that you mean."


def test_here_is_the_last_picture(talk: Talk) -> None:
    talk("Who is on the left?", "scenes/scene-6.png")
    said = talk("Is Liki here?")
    assert said.parts[0].answer.evidence
    assert said.text.endswith("Liki is here.")
