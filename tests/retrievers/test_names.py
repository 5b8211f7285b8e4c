from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.names import NameMatch, _spelt, _words, match_names
from jarvis_retrievers.stopwords import COMMON, FUNCTION

HOUSE = {
    "bo": ["Bo"],
    "bojr": ["Bo Junior"],
    "mug": ["Blue Mug", "muggy"],
    "mia": ["Mía"],
    "biscuit": ["Biscuit"],
    "professor": ["Professor Wiggles"],
}


def found(question: str, names: dict[str, list[str]] | None = None) -> list[tuple[str, str]]:
    matches = match_names(question, HOUSE if names is None else names)
    return [(match.key, question[match.start : match.end]) for match in matches]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What hangs on Bo's collar?", [("bo", "Bo")]),
        ("what hangs on BO’s collar", [("bo", "BO")]),
        ("Is that Bo?", [("bo", "Bo")]),
        ("Boat, robot and elbow", []),
        ("Where is Bo Junior's bed?", [("bojr", "Bo Junior")]),
        ("Bo and Bo Junior play", [("bo", "Bo"), ("bojr", "Bo Junior")]),
        ("Bo, junior of the house", [("bo", "Bo")]),
        ("who is mia?", [("mia", "mia")]),
        ("who is MI\u0301A?", [("mia", "MI\u0301A")]),
        ("my blue-mug and the muggy", [("mug", "blue-mug"), ("mug", "muggy")]),
        ("my blue\nmug", []),
        ("Bo Bo", [("bo", "Bo"), ("bo", "Bo")]),
        ("professor wiggles!", [("professor", "professor wiggles")]),
        ("", []),
        ("   ", []),
        ("?!…", []),
    ],
)
def test_exact_names(question: str, expected: list[tuple[str, str]]) -> None:
    assert found(question) == expected
    assert all(match.score == 1.0 for match in match_names(question, HOUSE))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where does Biscut sleep?", [("biscuit", "Biscut")]),
        ("Where does bisciut's bowl stand?", [("biscuit", "bisciut")]),
        ("Ask profesor wigles", [("professor", "profesor wigles")]),
        ("Is Boo here?", []),
        ("What does the cat like to eat?", []),
        ("a biscotti, please", []),
    ],
)
def test_typos(question: str, expected: list[tuple[str, str]]) -> None:
    matches = match_names(question, HOUSE, cutoff=85.0)
    assert [(match.key, question[match.start : match.end]) for match in matches] == expected
    for match in matches:
        plain = question[match.start : match.end].lower().replace(" ", "")
        name = match.name.lower().replace(" ", "")
        assert match.score == pytest.approx(fuzz.ratio(plain, name) / 100)
        assert match.score < 1.0


def test_a_word_that_is_a_name_is_no_typo_of_another() -> None:
    names = {"anna": ["Annabel"], "annabell": ["Annabell"]}
    assert found("Where is Annabel?", names) == [("anna", "Annabel")]
    assert found("Where is Annabell?", names) == [("annabell", "Annabell")]


def test_a_typo_belongs_to_the_likeliest_name() -> None:
    names = {"close": ["Wigglesworth"], "far": ["Wiggleswor"]}
    assert found("Where is Wigglesworh?", names) == [("close", "Wigglesworh")]


@pytest.mark.parametrize("word", ["what", "does", "like", "where", "color", "rock", "people", "looks"])
def test_a_common_word_is_no_typo(word: str) -> None:
    for near in (word + "y", word + "s", word[:-1], word + "a"):
        matches = match_names(f"{word}?", {"x": [near]})
        # The same word is a name; a like one is not.
        assert matches == []


@pytest.mark.parametrize("word", sorted(COMMON)[::17])
def test_no_common_word_matches_by_likeness(word: str) -> None:
    assert match_names(f"so {word} now", {"x": [word + "x", "q" + word]}, cutoff=50.0) == []


def test_a_name_that_is_a_function_word_needs_its_capitals() -> None:
    names = {"will": ["Will"]}
    assert found("What will he eat?", names) == []
    assert found("What does Will eat?", names) == [("will", "Will")]
    assert "will" in FUNCTION


def test_one_name_for_two_concepts_gives_both() -> None:
    names = {"dog": ["Max", "Buddy"], "brother": ["max"], "cat": ["Buddy"]}
    assert found("Where is Max?", names) == [("brother", "Max"), ("dog", "Max")]
    assert found("Where is buddy?", names) == [("cat", "buddy"), ("dog", "buddy")]


def test_two_spellings_of_one_name_give_one_match() -> None:
    assert match_names("Is Mia in?", {"mia": ["Mia", "MIA", "mía"]}) == [NameMatch("mia", "Mia", 1.0, 3, 6)]


def test_nothing_to_match() -> None:
    assert match_names("Where is Bo?", {}) == []
    assert match_names("Where is Bo?", {"bo": []}) == []
    assert match_names("Where is Bo?", {"bo": ["", "  "]}) == []


def test_other_scripts() -> None:
    assert found("小白喜欢什么？", {"dog": ["小白"]}) == [("dog", "小白")]
    assert found("Где Шарик?", {"dog": ["шарик"]}) == [("dog", "Шарик")]
    assert found("น้องหมาชอบอะไร", {"dog": ["น้องหมา"]}) == [("dog", "น้องหมา")]
    assert found("Where is 🐶 now? 🐶!", {"dog": ["🐶"]}) == [("dog", "🐶"), ("dog", "🐶")]
    assert found("Wo ist Strolch im Strauß?", {"s": ["STRAUSS"]}) == [("s", "Strauß")]


def test_the_cutoff() -> None:
    names = {"biscuit": ["Biscuit"]}
    assert match_names("Biscut", names, cutoff=101.0) == []
    assert match_names("Biscuit", names, cutoff=101.0)[0].score == 1.0
    for cutoff in (-1.0, float("nan")):
        with pytest.raises(InputError, match="cutoff"):
            match_names("Bo", names, cutoff=cutoff)


def test_one_string_in_place_of_names_is_refused() -> None:
    with pytest.raises(InputError, match="sequence of strings"):
        match_names("Bo", {"bo": "Bo"})


WORDS = st.text(st.sampled_from("abcé ß'-小1🐶\n"), max_size=8)


@settings(deadline=None, max_examples=150)
@given(WORDS, st.dictionaries(st.sampled_from("xyz"), st.lists(WORDS, max_size=3), max_size=3))
def test_any_text_gives_valid_ordered_matches(question: str, names: dict[str, list[str]]) -> None:
    matches = match_names(question, names)
    assert [m.start for m in matches] == sorted(m.start for m in matches)
    for match in matches:
        assert 0 <= match.start < match.end <= len(question)
        assert 0.0 < match.score <= 1.0
        assert match.name in names[match.key]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["Bo", "Mía", "Ana-María", "O'Hara", "R2 D2", "小白"]),
    st.sampled_from(["{}?", "is {}'s in", "({})"]),
)
def test_a_name_in_a_sentence_is_found_where_it_stands(name: str, frame: str) -> None:
    question = frame.format(name.upper())
    match = match_names(question, {"x": [name]})[0]
    assert question[match.start : match.end] == name.upper()
    assert match.score == 1.0


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_letters_take_a_short_way_to_the_same_words(text: str) -> None:
    assert _words(text) == _spelt(text)
