"""What a memory does is told to whoever watches, and to nobody else."""

from __future__ import annotations

import asyncio
import threading

import pytest

from jarvis_memory import PersonalMemory
from jarvis_memory.watching import Answered, Composed, Deed, Loaded, Retrieved, watched
from jarvis_pocket.exam import Exam


def test_retrievals_and_loads_are_told(household: PersonalMemory, exam: Exam) -> None:
    concept = household.show(exam.concepts[0].name)
    question, told = f"What does {concept.name} like?", list[Deed]()
    with watched(told.append):
        answer = household.ask(question)
        household.ask(question)
    first, load, made, said, again, at_hand, *_ = told
    assert isinstance(first, Retrieved)
    assert isinstance(load, Loaded)
    assert isinstance(at_hand, Loaded)
    assert isinstance(made, Composed)
    assert isinstance(said, Answered)
    assert (first.query, first.images) == (question, 0)
    (found,) = household.recall(question)
    assert first.found == ((concept.id, concept.name, found.score),)
    assert (load.concept_id, load.name, load.origin) == (concept.id, concept.name, "store")
    assert answer.usage.reused >= load.tokens > 0
    assert at_hand.origin == "hand"
    assert (at_hand.tokens, at_hand.nbytes) == (load.tokens, load.nbytes)
    assert isinstance(again, Retrieved)
    assert (made.mode, made.segments) == ("compose", 1)
    assert made.tokens == made.reused == answer.usage.reused
    assert (said.concepts, said.usage, said.timings) == (1, answer.usage, answer.timings)
    assert min(first.seconds, load.seconds, made.seconds, at_hand.seconds) >= 0


def test_a_segment_that_was_lost_is_encoded(household: PersonalMemory, exam: Exam) -> None:
    name, told = exam.concepts[0].name, list[Deed]()
    household._store.drop_segments(household.show(name).id)
    household._engine.dismiss(household.show(name).id)
    with watched(told.append):
        household.ask(f"What does {name} like?")
    assert [deed.origin for deed in told if isinstance(deed, Loaded)] == ["encoded"]
    assert [deed.miss for deed in told if isinstance(deed, Loaded)] == ["missing"]


def test_others_hear_nothing_and_watchers_nest(household: PersonalMemory) -> None:
    outer, inner = list[Deed](), list[Deed]()
    with watched(outer.append):
        with watched(inner.append):
            household.recall("Who?")
        thread = threading.Thread(target=household.recall, args=("Who?",))
        thread.start()
        thread.join()
        asyncio.run(household.aask("Who is Qwertz?"))  # a task takes its watchers along
    household.recall("Who?")
    assert [sum(isinstance(one, Retrieved) for one in told) for told in (outer, inner)] == [2, 1]


def test_an_error_of_a_watcher_is_raised(household: PersonalMemory) -> None:
    def refuse(deed: Deed) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"), watched(refuse):
        household.recall("Who?")
