"""What does not fit the window: the weakest patches go first, then the last concepts, and it is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.fitting import fit
from jarvis_memory.vlm import Query
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import ContextError
from tests.kv.small import small_segment


@settings(deadline=None, max_examples=60)
@given(
    shapes=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=5), min_size=1, max_size=4),
    room=st.integers(0, 80),
    seed=st.integers(0, 9),
)
def test_the_weakest_go_first(shapes: list[list[int]], room: int, seed: int) -> None:
    segments = [small_segment(tuple(shape)) for shape in shapes]
    # Falling within a segment, as they are stored; ties across segments happen.
    scores = [
        sorted(((seed * 7 + i * 3 + j * 5) % 11 for j in range(s.patches)), reverse=True)
        for i, s in enumerate(segments)
    ]
    fitted = fit(segments, [[float(x) for x in row] for row in scores], room)
    left = fitted.segments
    assert sum(s.width for s in left) <= room
    assert len(left) + fitted.dropped == len(segments)
    assert sum(s.patches for s in left) + fitted.cut == sum(s.patches for s in segments[: len(left)])
    if sum(s.width for s in segments) <= room:
        assert (fitted.cut, fitted.dropped) == (0, 0)
        assert all(a is b for a, b in zip(left, segments, strict=True))
    if fitted.dropped:  # only once no patch was left
        assert all(s.patches == 0 for s in left)
    elif fitted.cut:
        # One patch more would not have fitted: the one that went last, the strongest of those that went.
        gone = [
            (scores[i][n], -i, n) for i, s in enumerate(left) for n in range(s.patches, segments[i].patches)
        ]
        score, index, number = max(gone)
        back = segments[-index].parts[number + 1].width
        assert sum(s.width for s in left) + back > room
        kept = [scores[i][s.patches - 1] for i, s in enumerate(left) if s.patches]
        assert all(score <= other for other in kept)


def test_an_answer_says_what_was_left_out(
    household: PersonalMemory, exam: Exam, vlm: VLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (concept.name for concept in exam.concepts[:2])
    question = f"Do {first} and {second} have the same emblem?"
    whole = household.ask(question, mode="compose")
    assert whole.notices == ()
    most = 256
    asked = vlm.window - vlm.prefix.width - most - vlm.room(Query(None, question, (), most))
    rows = whole.usage.reused - vlm.prefix.tokens

    def shrink(room: int) -> None:
        monkeypatch.setattr(vlm._runner, "window", vlm.prefix.width + asked + most + room)

    shrink(rows // 2)
    cut = household.ask(question, mode="compose")
    assert any("patches did not fit" in notice for notice in cut.notices)
    assert cut.usage.reused < whole.usage.reused
    assert cut.concepts == whole.concepts
    shrink(40)
    dropped = household.ask(question, mode="compose")
    assert len(dropped.concepts) < 2
    assert any(f"{whole.concepts[1]!r}" in notice for notice in dropped.notices)
    shrink(0)
    none = household.ask(question, mode="compose")
    assert (none.concepts, none.usage.mode) == ((), "none")
    shrink(-10)
    with pytest.raises(ContextError, match="window"):
        household.ask(question)
