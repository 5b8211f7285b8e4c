"""What is read by rule: values of answers, shapes of questions, statements, replies, introductions."""

from __future__ import annotations

import pytest

from jarvis_agents.conversation.introducing import Introduced, introduced
from jarvis_agents.conversation.known import singular
from jarvis_agents.conversation.properties import stated
from jarvis_agents.conversation.questions import each, read
from jarvis_agents.conversation.replies import agreed
from jarvis_agents.conversation.ties import asks_for_tie, tie_in
from jarvis_agents.conversation.values import holds, number, rank_of, unknown, yes
from jarvis_pocket import world
from jarvis_pocket.notes import NOTES


@pytest.mark.parametrize("key", [*world.FACTS, world.FRIEND])
def test_every_wording_of_the_drawn_notes_is_read(key: str) -> None:
    value = world.FACTS[key][3] if key in world.FACTS else "Liki"
    for wording in NOTES[key]:
        sentence = wording.format(n="Bo", v=value)
        if sentence.startswith("Bo and"):
            continue
        told = stated(sentence.removeprefix("Bo"))
        assert told is not None, sentence
        assert (told[0].key, told[1].split()[0]) == (key, value), sentence


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("Bo likes noodles.", "noodles", True),
        ("Bo likes noodles.", "noodle", True),
        ("Bo likes noodles.", "rice", False),
        ("Bo does not like noodles.", "noodles", False),
        ("Bo is five years old.", "5", True),
        ("Bo sleeps on the sofa.", "the sofa", True),
        ("Bo was born in May.", "May", True),
        ("Bo is unknown to me.", "noodles", None),
        ("", "noodles", None),
        ("I do not know.", "rice", None),
    ],
)
def test_holds(text: str, value: str, expected: bool | None) -> None:
    assert holds(text, value) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes, it is.", True),
        ("No.", False),
        ("Bo likes rice: yes.", True),
        ("no, not the same", False),
        ("Bo is not here.", False),
        ("Bo is here.", True),
        ("Noodles.", None),
        ("It is unknown.", None),
    ],
)
def test_yes(text: str, expected: bool | None) -> None:
    assert yes(text) is expected


def test_numbers_and_months() -> None:
    assert number("Bo is 12 years old.") == 12
    assert number("Bo is twelve years old.") == 12
    assert number("18 months old") == 1.5
    assert number("4.5 kg") == 4500 > (number("800 g") or 0)
    assert number("Bo is old.") is None
    assert rank_of("month", "Bo was born in March.") == 2
    assert rank_of("month", "Bo was born at night.") is None
    assert unknown("Bo is unknown to me.")
    assert not unknown("Bo knows me.")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Mimi is six months old.", 0.5),
        ("Bo is 18-months old", 1.5),
        ("Bo is 1 year and 6 months old", 1.5),
        ("Bo is one year and 6 months old", 1.5),
        ("Mimi is 26 weeks old", 0.5),
        ("It weighs 1,200 g", 1200),
        ("It weighs 1,2 kg.", 1200),
        ("It weighs 4 kg and 200 g.", 4200),
        ("It is 1 m 20 cm", 120),
        ("R2D2 is 3 years old.", 3),
        ("The one here is 3 years old.", 3),
        ("Bo is 3, and Mimi is 6 months old.", 3),
        ("Bo is twenty years old.", 20),
        ("Bo is seven.", 7),
        ("R2D2 is old.", None),
    ],
)
def test_amounts_with_their_units(text: str, value: float | None) -> None:
    assert number(text) == (None if value is None else pytest.approx(value))


def test_the_shapes_of_questions() -> None:
    names = ("Bo", "Mimi", "Kiri")

    def shape(question: str, *, everybody: bool = False) -> tuple[str, str, str, bool, str] | None:
        asked = read(question, names, everybody=everybody)
        return None if asked is None else (asked.reduce, asked.key, asked.value, asked.negated, asked.word)

    assert shape("Which of Bo, Mimi and Kiri like noodles?") == ("which", "food", "noodles", False, "")
    assert shape("Who does not like soup, Bo, Mimi or Kiri?") == ("which", "food", "soup", True, "")
    assert shape("How many of Bo and Mimi were born in May?") == ("count", "month", "May", False, "")
    assert shape("How many of Bo and Mimi are younger than 4?") == ("count", "age", "4", False, "younger")
    assert shape("Of Bo and Mimi, who is the oldest?") == ("most", "age", "", False, "oldest")
    assert shape("Is Bo younger than Mimi?") == ("more", "age", "", True, "younger")
    assert shape("Was Bo born after Mimi?") == ("more", "month", "", False, "born later")
    assert shape("Do Bo, Mimi and Kiri wear the same hat?") == ("same", "worn", "", False, "")
    assert shape("Does Bo wear a red hat?") == ("yes", "worn", "red hat", False, "")
    assert shape("How many of Bo and Mimi do I have?") == ("record", "", "", False, "how many")
    assert shape("What are Bo and Mimi?") == ("record", "", "", False, "")
    assert shape("Who was born first?", everybody=True) == ("least", "month", "", False, "born first")
    assert shape("Tell me a story of Bo and Mimi.") is None
    assert each("What do Bo and Mimi like?", names, "Mimi") == "What does Mimi like?"
    assert each("Are Bo, Mimi and Kiri here?", names, "Kiri") == "Is Kiri here?"


def test_ties() -> None:
    assert asks_for_tie("Bo shares a bowl with Mimi.")
    assert not asks_for_tie("Tell me what Mimi likes.")
    inner = tie_in("How old is the friend of the friend of Bo?", ["Bo"])
    assert inner is not None
    assert inner[0] == "the friend of Bo"
    assert tie_in("What does Bo like?", ["Bo"]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This is Mochi, she likes noodles.", Introduced("Mochi", None, "She likes noodles.")),
        ("Meet my new cat Mochi!", Introduced("Mochi", "cat", "")),
        ("This is Mochi, my shiba. Born in May.", Introduced("Mochi", "shiba", "Born in May.")),
        ("Her name is Ana Maria.", Introduced("Ana Maria", None, "")),
        ("no, this is Mochi", Introduced("Mochi", None, "")),
        ("Is this Mochi?", None),
        ("This is nice.", None),
        ("That's wrong, Bo likes apples.", None),
        ("What does Mochi like?", None),
    ],
)
def test_introductions(text: str, expected: Introduced | None) -> None:
    assert introduced(text) == expected


def test_agreeing() -> None:
    assert [agreed(text) for text in ("yes", "Sure, do it", "go ahead", "OK.")] == [True] * 4
    assert [agreed(text) for text in ("no", "No, thanks", "don't", "cancel")] == [False] * 4
    assert [agreed(text) for text in ("What does Bo like?", "Bo", "yes?", "")] == [None] * 4


def test_singulars() -> None:
    words = {
        "dogs": "dog",
        "boxes": "box",
        "glass": "glass",
        "mice": "mouse",
        "puppies": "puppy",
        "bus": "bus",
    }
    assert {word: singular(word) for word in words} == words
