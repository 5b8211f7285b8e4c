"""States and turns are small values that go through JSON unchanged."""

from __future__ import annotations

import base64
import io
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jarvis_agents.conversation import (
    ConversationState,
    Cost,
    Exchange,
    Part,
    Pending,
    Picture,
    Plan,
    Said,
    Settings,
    Sub,
    Turn,
)
from jarvis_memory import Answer, Evidence, Timings, Usage
from jarvis_retrievers.boxes import Box

texts = st.text(max_size=20)
names = st.lists(texts, max_size=3).map(tuple)
pictures = st.binary(max_size=40).map(lambda data: Picture(png=base64.b64encode(data).decode()))
shown = st.lists(pictures, max_size=2).map(tuple)
exchanges = st.builds(Exchange, asked=texts, said=texts, question=texts, named=names, about=names)
waits = st.builds(
    Pending,
    wish=st.sampled_from(["choice", "learn", "photo", "add", "correct", "version", "forget"]),
    question=texts,
    start=st.integers(0, 99),
    choices=names,
    name=texts,
    about=texts,
    category=st.none() | texts,
    old=names,
    photos=shown,
    seen=st.booleans(),
)
states = st.builds(
    ConversationState,
    turns=st.lists(exchanges, max_size=3).map(tuple),
    pending=st.none() | waits,
    picture=st.none() | pictures,
    shown=names,
    looks=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
)
seconds = st.floats(0, 10, allow_nan=False)
boxes = st.builds(Box, st.integers(0, 5), st.integers(0, 5), st.integers(6, 9), st.integers(6, 9))
evidence = st.builds(Evidence, texts, texts, boxes, seconds, st.none() | st.integers(0, 3), st.none() | boxes)
answers = st.builds(
    Answer,
    texts,
    names,
    st.lists(evidence, max_size=2).map(tuple),
    st.builds(Usage, st.integers(0), st.integers(0), st.integers(0), texts),
    st.builds(Timings, seconds, seconds, seconds, seconds, seconds),
    names,
)
parts = st.lists(
    st.builds(Part, question=texts, concepts=names, answer=answers, look=st.booleans()), max_size=2
).map(tuple)
subs = st.lists(st.builds(Sub, question=texts, names=st.none() | names, shown=st.booleans()), max_size=2)
plans = st.builds(Plan, subs=subs.map(tuple), key=texts, value=texts)
turns = st.builds(
    Turn,
    state=states,
    text=texts,
    images=shown,
    next=st.sampled_from(["resolve", "answer", "learn", "end"]),
    plan=st.none() | plans,
    allowed=st.none() | names,
    parts=parts,
    pending=st.none() | waits,
)


@given(states)
@settings(max_examples=50, deadline=None)
def test_a_state_goes_through_json(state: ConversationState) -> None:
    assert ConversationState.from_dict(json.loads(json.dumps(state.to_dict()))) == state


@given(turns)
@settings(max_examples=50, deadline=None)
def test_a_turn_goes_through_json(turn: Turn) -> None:
    assert Turn.from_dict(json.loads(json.dumps(turn.to_dict()))) == turn


@given(states, parts)
@settings(max_examples=25, deadline=None)
def test_what_is_said_goes_through_json(state: ConversationState, told: tuple[Part, ...]) -> None:
    said = Said(text="Bo", kind="answer", parts=told, cost=Cost().plus(told), state=state)
    assert Said.from_dict(json.loads(json.dumps(said.to_dict()))) == said
    assert said.cost.calls == len(told)


@given(states, st.lists(texts, max_size=3))
@settings(max_examples=50, deadline=None)
def test_what_is_gone_is_named_nowhere(state: ConversationState, there: list[str]) -> None:
    left = state.without(there)
    assert all(set(turn.named) <= set(there) for turn in left.turns)
    assert {key for key, _ in left.looks} <= set(there)
    assert left.picture is None or set(state.shown) <= set(there)


def test_a_large_picture_is_made_small_enough() -> None:
    noise = Image.effect_noise((900, 600), 90).convert("RGB")
    small = Picture.of(noise, Settings(picture_side=512, picture_bytes=100_000))
    assert len(base64.b64decode(small.png)) <= 100_000
    assert max(small.image.size) <= 512
    assert abs(small.image.width / small.image.height - 1.5) < 0.02
    buffer = io.BytesIO()
    exact = Image.new("RGB", (40, 30), (200, 10, 20))
    exact.save(buffer, "PNG")
    kept = Picture.of(buffer.getvalue(), Settings())
    assert kept.image.tobytes() == exact.tobytes()
