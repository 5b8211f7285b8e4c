"""Who is meant without being named: whom the turns before name, and whom notes name."""

from __future__ import annotations

import pytest

from jarvis_memory.mentions import earlier, points_back, told_of

NAMES = {"b": ("Bo",), "m": ("Mimi", "Mimi the Great"), "k": ("Kara",)}
NOTES = "Bo likes noodles.\nBo shares a bowl with Mimi. Bo was chased by Kara's dog!"


@pytest.mark.parametrize(
    ("question", "back"),
    [
        ("What does she like?", True),
        ("And HIS birthday?", True),
        ("Where do they sleep?", True),
        ("What is its emblem?", True),
        ("Who is in the picture?", False),
        ("What does Bo like?", False),
        ("Is there an item here?", False),
        ("Who sleeps on that rug?", False),
        ("Which one is older?", False),
    ],
)
def test_words_that_point_back(question: str, back: bool) -> None:
    assert points_back(question) is back


def test_the_last_turn_that_names_anybody_counts() -> None:
    turns = [
        ("Who is Kara?", "Kara is a dog."),
        ("And Bo?", "Bo is a cat; Mimi is his friend."),
        ("Thanks.", "Sure."),
    ]
    assert earlier(turns, NAMES) == ("b", "m")
    assert earlier(turns[:1], NAMES) == ("k",)
    assert earlier(turns[2:], NAMES) == ()
    assert earlier([], NAMES) == ()


@pytest.mark.parametrize(
    ("question", "others"),
    [
        ("Who shares a bowl with Bo?", ("m",)),
        ("Whose bowls does Bo share?", ("m",)),
        ("Who chased Bo?", ("k",)),
        ("What do the friends of Bo like?", ("m", "k")),
        ("What does Bo like?", ()),
        ("How old is Bo?", ()),
        ("Who is the keeper of Bo?", ()),
    ],
)
def test_notes_lead_to_others_where_the_question_asks_for_it(question: str, others: tuple[str, ...]) -> None:
    assert told_of(question, "b", NOTES, NAMES) == others


def test_nobody_is_told_of_himself() -> None:
    assert told_of("Who is the friend of Bo?", "b", "Bo is Bo's best friend.", NAMES) == ()
