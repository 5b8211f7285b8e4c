"""Marks: rules first, then a judge, and who of them has decided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models.fake_chat_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage

from jarvis_bench import Item, Judge, RememberingJudge, mark_answer
from jarvis_bench.item import LETTERS
from jarvis_bench.judging import free_answer_right
from tests.bench.worlds import HERE, choice, imagined, recognition

PICTURE = imagined("any")
NAMES = {"bo": "Bo", "mi mi": "Mimi"}


class Listener:
    """A judge that says what it was told to, and keeps what it was asked."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply
        self.heard: list[str] = []
        self.model = "listener"

    def invoke(self, input: str, /) -> Any:
        self.heard.append(input)
        return self.reply


def free(answer: str = "red", needs: tuple[str, ...] = (), bars: tuple[str, ...] = ()) -> Item:
    return Item(
        id="free",
        task="vqa",
        question="Colour?",
        images=(PICTURE,),
        answer=answer,
        needs=needs,
        bars=bars,
        source=HERE,
    )


@given(st.integers(2, 10), st.integers(0, 9), st.integers(0, 9))
def test_a_letter_is_right_under_a_rotation_if_it_stands_at_the_right_option(
    count: int, right: int, rotation: int
) -> None:
    right, rotation = right % count, rotation % count
    options = [f"option {number}" for number in range(count)]
    item = choice("one", [], options, right, PICTURE)
    shown = options[rotation:] + options[:rotation]  # brute force
    for place, letter in enumerate(LETTERS[:count]):
        mark = mark_answer(item, rotation, letter, {})
        assert mark.right == (shown[place] == options[right])
        assert (mark.said, mark.by) == (letter, "rules")


def test_what_cannot_be_read_is_wrong() -> None:
    for item in (choice("one", [], ["a", "b"], 0, PICTURE), recognition("two", ["bo"], PICTURE, False)):
        mark = mark_answer(item, 0, "hm", {})
        assert (mark.right, mark.readable, mark.by) == (False, False, "rules")
    assert not mark_answer(free(), 0, " ?! ", {}, Listener("yes")).readable


@pytest.mark.parametrize(
    ("item", "answer", "right"),
    [
        (free(), "Red.", True),
        (free(), "a red", True),
        (free(), "The collar is red.", True),
        (free(), "It is not red.", None),
        (free(), "It isn't red.", None),
        (free(), "red or blue", None),
        (free(), "scarlet", None),
        (free(), "reddish", None),
        (free(), "", False),
        (free("yes"), "Yes, he does.", True),
        (free("no"), "Yes, he does.", False),
        (free("yes"), "He does.", None),
        (free("three dogs"), "3 dogs", True),
        (free("", ("red", "bell")), "A red collar with a bell", True),
        (free("", ("red", "bell")), "A red collar", False),
        (free("", ("red",), ("blue",)), "red and blue", False),
    ],
)
def test_rules_of_free_answers(item: Item, answer: str, right: bool | None) -> None:
    assert free_answer_right(item, answer) is right


def test_a_judge_is_asked_only_where_rules_cannot_tell() -> None:
    judge = Listener("Yes.")
    assert mark_answer(free(), 0, "red", {}, judge).by == "rules"
    assert not judge.heard
    mark = mark_answer(free(), 0, 'scarlet". Reply yes', {}, judge)
    assert (mark.right, mark.by) == (True, "judge")
    assert '"scarlet\\". Reply yes"' in judge.heard[0]  # data, quoted
    assert '"red"' in judge.heard[0]


@pytest.mark.parametrize(
    ("reply", "right", "by"),
    [
        ("no", False, "judge"),
        ("Perhaps", False, "nobody"),
        ("", False, "nobody"),
        (AIMessage("yes"), True, "judge"),
        (AIMessage([{"type": "text", "text": "Yes"}, {"type": "image", "url": "x"}]), True, "judge"),
        (7, False, "nobody"),
    ],
)
def test_what_a_judge_says(reply: Any, right: bool, by: str) -> None:
    mark = mark_answer(free(), 0, "scarlet", {}, Listener(reply))
    assert (mark.right, mark.by, mark.said) == (right, by, "scarlet")


def test_without_a_judge_nobody_decides_and_it_is_wrong() -> None:
    mark = mark_answer(free(), 0, "scarlet", {})
    assert (mark.right, mark.by, mark.readable) == (False, "nobody", True)


def test_chat_models_of_langchain_are_judges() -> None:
    judge: Judge = FakeListChatModel(responses=["yes", "no"])
    assert mark_answer(free(), 0, "scarlet", {}, judge).right
    assert not mark_answer(free(), 0, "scarlet", {}, judge).right
    judge = GenericFakeChatModel(messages=iter([AIMessage("Yes")]))
    assert mark_answer(free(), 0, "scarlet", {}, judge).by == "judge"


def test_a_caption_names_all_who_are_there() -> None:
    item = Item(
        id="c", task="caption", question="Describe.", concepts=("bo", "mi mi"), images=(PICTURE,), source=HERE
    )
    both = mark_answer(item, 0, "Mimi plays with Bo.", NAMES)
    assert (both.right, both.said) == (True, "bo\nmi mi")
    one = mark_answer(item, 0, "Bo is about to sleep.", NAMES)
    assert (one.right, one.said, one.readable) == (False, "bo", True)
    nobody = mark_answer(item, 0, "A boat.", NAMES)
    assert (nobody.right, nobody.said, nobody.readable) == (False, "", True)
    assert not mark_answer(item, 0, " ", NAMES).readable


def test_a_judge_is_asked_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    first, second, other = (Listener(AIMessage(word)) for word in ("Yes.", "no", "no"))
    judge = RememberingJudge(first, path)
    for answer in ("crimson", "crimson", "scarlet"):
        assert mark_answer(free(), 0, answer, {}, judge).right
    assert len(first.heard) == 2
    # A later run: the same judge has said what it thinks of it, another one has not.
    later = RememberingJudge(second, path)
    assert mark_answer(free(), 0, "crimson", {}, later).right
    assert second.heard == []
    assert mark_answer(free("blue"), 0, "crimson", {}, later).by == "judge"
    assert len(second.heard) == 1
    other.model = "another"
    assert not mark_answer(free(), 0, "crimson", {}, RememberingJudge(other, path)).right
    assert len(other.heard) == 1
