"""Word search over notes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from jarvis_retrievers.words import WordIndex

NOTES = {
    "bo": "Bo likes noodles. Bo sleeps on the sofa. Bo belongs to Mia.",
    "mimi": "Mimi loves cheese. Mimi sleeps on the rug. Mimi belongs to Leo.",
    "tako": "Tako likes plums. Tako was born in Málaga. Tako belongs to Ana.",
}


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("the one that loves noodles", "bo"),
        ("Who eats CHEESE?", "mimi"),
        ("somebody from malaga", "tako"),
        ("a plum lover", "tako"),
        ("sofas", "bo"),
    ],
)
def test_telling_words_find_their_text(question: str, key: str) -> None:
    found = WordIndex(NOTES).search(question, 3)
    assert [k for k, _ in found] == [key]
    assert found[0][1] > 0.05


@pytest.mark.parametrize("question", ["", "?!", "who is it?", "belongs", "What does Lenu like?", "zebra"])
def test_words_that_tell_nobody_apart_find_nobody(question: str) -> None:
    assert WordIndex(NOTES).search(question, 3) == []


def test_the_better_match_comes_first_and_k_cuts() -> None:
    more = {"rex": "Rex eats noodles and cheese.", "a": "A hums.", "b": "B reads."}
    index = WordIndex(NOTES | more)
    assert index.search("noodles with cheese", 3)[0][0] == "rex"
    assert len(index.search("noodles with cheese", 2)) == 2
    assert index.search("noodles", 0) == []


def test_operators_of_the_query_language_are_plain_text() -> None:
    index = WordIndex(NOTES)
    for question in (
        'noodles" OR "cheese',
        "NEAR(noodles)",
        "body:noodles",
        "noodles*",
        "-noodles",
        "'; drop table",
    ):
        index.search(question, 3)
    assert [k for k, _ in index.search('"noodles"', 3)] == ["bo"]


def test_no_texts_and_many_threads() -> None:
    assert WordIndex({}).search("noodles", 3) == []
    index = WordIndex(NOTES)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: index.search("noodles", 1)[0][0], range(50)))
    assert results == ["bo"] * 50
