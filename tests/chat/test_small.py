"""Sampling, steering, sessions, requests: each against what it must be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from jarvis_memory.chat import ChatRequest, Message, Sampling, Sessions, Tool, ToolCall
from jarvis_memory.chat.sessions import shared
from jarvis_retrievers.errors import InputError, SettingError

USER = Message("user", ("Hi",))
CLOCK = Tool("clock")
LABELS = st.lists(st.integers(0, 2), min_size=1, max_size=8)


def rows(labels: list[int]) -> torch.Tensor:
    """Keys that say what they are of: (1, 1, rows, 1), each the number of all labels up to it."""
    numbers = [float(int("1" + "".join(map(str, labels[: at + 1])))) for at in range(len(labels))]
    return torch.tensor(numbers).reshape(1, 1, -1, 1)


@given(st.lists(LABELS, max_size=6), LABELS)
def test_sessions_give_the_longest_beginning_that_is_there(kept: list[list[int]], wanted: list[int]) -> None:
    sessions = Sessions()
    for labels in kept:
        sessions.keep(labels, rows(labels), -rows(labels))
    most = max((shared(labels, wanted) for labels in kept), default=0)
    found = sessions.longest(wanted)
    if most == 0:
        assert found is None
    else:
        assert found is not None
        assert torch.equal(found[0], rows(wanted[:most]))
        assert torch.equal(found[1], -rows(wanted[:most]))


@given(LABELS, LABELS)
def test_shared_is_the_common_beginning(first: list[int], second: list[int]) -> None:
    count = shared(first, second)
    assert first[:count] == second[:count]
    assert first[: count + 1] != second[: count + 1] or count == min(len(first), len(second))


def test_what_was_used_last_stays() -> None:
    one = rows([1, 2, 3])
    sessions = Sessions(2 * 2 * one.numel() * one.element_size())

    def keep(*labels: int) -> None:
        sessions.keep(labels, rows(list(labels)), rows(list(labels)))

    keep(1, 1, 1)
    keep(2, 2, 2)
    assert sessions.longest([1]) is not None
    keep(0, 0, 0)
    there: list[Hashable] = [first for first in (0, 1, 2) if sessions.longest([first]) is not None]
    assert there == [0, 1]
    keep(1, 1, 1, 1, 1, 1, 1)
    assert len(sessions) == 2  # larger than the quota: not kept, and nothing else lost
    sessions.clear()
    assert (len(sessions), sessions.nbytes) == (0, 0)
    with pytest.raises(SettingError, match="0 bytes or more"):
        Sessions(-1)


def test_a_conversation_that_goes_on_takes_the_place_of_its_beginning() -> None:
    sessions = Sessions()
    for labels in ([1, 2], [1, 2, 0], [1]):
        sessions.keep(labels, rows(labels), rows(labels))
    assert len(sessions) == 2  # the last one is shorter, and was kept beside


def test_no_temperature_takes_the_most_likely_token() -> None:
    logits = torch.tensor([0.0, 3.0, 2.0])
    assert {Sampling().chooser()(logits) for _ in range(5)} == {1}


def test_temperature_and_top_p_have_the_frequencies_that_they_say() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0, 3.0], dtype=torch.float64)
    choose = Sampling(temperature=0.7, top_p=0.9, seed=1).chooser()
    counts = Counter(choose(logits) for _ in range(20_000))
    chances = torch.softmax(logits / 0.7, -1)
    # 3 and 2 have .76 + .18 = .94 together, and 3 alone less than .9.
    expected = chances[[2, 3]] / chances[[2, 3]].sum()
    assert set(counts) == {2, 3}
    assert counts[2] / 20_000 == pytest.approx(float(expected[0]), abs=0.01)


def test_a_seed_makes_it_the_same_again() -> None:
    logits = torch.zeros(50)

    def draw(seed: int | None) -> list[int]:
        choose = Sampling(temperature=1.0, seed=seed).chooser()
        return [choose(logits) for _ in range(20)]

    assert draw(7) == draw(7) != draw(8)
    assert draw(None) != draw(None)


@pytest.mark.parametrize(
    "numbers", [{"temperature": -1.0}, {"temperature": float("nan")}, {"top_p": 0.0}, {"top_p": 1.1}]
)
def test_sampling_refuses_numbers_out_of_range(numbers: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=r"temperature|top_p"):
        Sampling(**numbers)


@pytest.mark.parametrize(
    ("given_", "wrong"),
    [
        ({"messages": [Message("system", ("a",))]}, "a message of the user"),
        ({"tools": [CLOCK, Tool("clock")]}, "two tools are called 'clock'"),
        ({"choice": "any"}, "there is none"),
        ({"choice": "alarm", "tools": [CLOCK]}, "the tool 'alarm' must be called"),
        ({"max_new_tokens": 0}, "at least 1"),
        ({"stop": ("",)}, "a character at least"),
        ({"seconds": 0.0}, "more than 0"),
    ],
)
def test_requests_refuse_what_cannot_be(given_: dict[str, Any], wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        ChatRequest(**{"messages": [USER], **given_})


def test_messages_refuse_what_cannot_be() -> None:
    with pytest.raises(InputError, match="a role is one of"):
        Message("robot")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="texts and PIL images"):
        Message("user", (3,))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="only the assistant"):
        Message("user", ("a",), (ToolCall("1", "clock", {}),))


def test_a_request_says_which_tools_are_offered_and_demanded() -> None:
    two = [CLOCK, Tool("alarm")]

    def names(choice: str) -> tuple[list[str], list[str]]:
        request = ChatRequest([USER], two, choice)
        return [tool.name for tool in request.offered], [tool.name for tool in request.demanded]

    both = ["clock", "alarm"]
    assert [names(choice) for choice in ("auto", "none", "any", "alarm")] == [
        (both, []),
        ([], []),
        (both, both),
        (both, ["alarm"]),
    ]
    assert json.dumps(dict(CLOCK.parameters))
