"""Letters, yes and no, names: what is read out of answers, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jarvis_bench.item import LETTERS
from jarvis_bench.reading import holds_phrase, names_in, plain_text, read_letter, read_yes_no


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        (" b \n", "B"),
        ("(B)", "B"),
        ("[b].", "B"),
        ("**B**", "B"),
        ("'B'", "B"),
        ("B. Red", "B"),
        ("B) Red, with a bell", "B"),
        ("(B) red", "B"),
        ("Answer: B", "B"),
        ("The answer is B.", "B"),
        ("The correct option is (B) red", "B"),
        ("Ｂ", "B"),
        ("D", None),  # there are three
        ("A dog", None),  # an article
        ("a dog", None),
        ("A or B", None),
        ("A. B. C.", None),
        ("A. red or B. green", None),
        ("A, B", None),
        ("AB", None),
        ("red", None),
        ("Bo", None),
        ("", None),
        ("I know.", None),
        ("The animal is a cat", None),
        ("not A", None),
    ],
)
def test_letters(answer: str, letter: str | None) -> None:
    assert read_letter(answer, 3) == letter


@given(st.integers(2, 10), st.text(max_size=12))
def test_a_letter_is_one_of_those_that_there_are(options: int, answer: str) -> None:
    letter = read_letter(answer, options)
    assert letter is None or letter in LETTERS[:options]
    if letter is not None:
        assert letter in answer.upper() or not answer.isascii()


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ("Yes", "yes"),
        ("yes, Bo is here.", "yes"),
        ("No.", "no"),
        ("  'No', I do not see Bo.", "no"),
        ("Yes. Yes!", "yes"),
        ("Yes, there is no doubt.", "yes"),
        ("not now", None),  # `"no" in answer` would say no
        ("I know him, yes", None),
        ("Nobody", None),
        ("yes or no", None),
        ("yes and no", None),
        ("Yes/No", None),
        ("No, yes", None),
        ("", None),
        ("Bo is here", None),
    ],
)
def test_yes_and_no(answer: str, word: str | None) -> None:
    assert read_yes_no(answer) == word


def test_plain_text() -> None:
    assert plain_text("The  RED-collar!") == plain_text("a red collar") == "red collar"
    assert plain_text("Three bowls.") == plain_text("3 bowls")
    assert plain_text("The A") == "the a"  # nothing but articles: they are kept
    assert plain_text("?!") == ""


@pytest.mark.parametrize(
    ("answer", "phrase", "there"),
    [
        ("This is <bo>.", "bo", True),
        ("All about ducks", "bo", False),  # a substring would say yes
        ("Bo's bowl", "Bo", True),
        ("a shiba yellow toy", "shiba-yellow", True),
        ("a shiba_yellow toy", "shiba-yellow", True),
        ("yellow shiba", "shiba-yellow", False),
        ("我的狗波波很可爱", "波波", True),
        ("anything", "", False),
    ],
)
def test_phrases(answer: str, phrase: str, there: bool) -> None:
    assert holds_phrase(answer, phrase) is there


def test_the_longest_name_is_named_and_no_part_of_it() -> None:
    names = {"c": "Casey", "m": "Casey's friend Marlan", "s": "Casey's son"}
    assert names_in("Here is Casey's friend Marlan.", names) == ("m",)
    assert names_in("Casey and Casey's son", names) == ("c", "s")
    assert names_in("Someone", names) == ()
