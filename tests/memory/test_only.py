"""Who may come into a context, an answer in pieces that ends whole, and doubts before anything is stored."""

from __future__ import annotations

import random

import pytest

from jarvis_memory import Answer, PersonalMemory
from jarvis_pocket import scene
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError, UnknownConceptError


def test_only_those_who_are_let_in_are_in_the_context(household: PersonalMemory, exam: Exam) -> None:
    one, two, _ = (concept.name for concept in exam.concepts)
    question = f"Do {one} and {two} have the same emblem?"
    both, alone, nobody = (household.ask(question, only=names) for names in (None, (two,), ()))
    assert set(both.concepts) == {one, two}
    assert alone.concepts == (two,)
    assert (nobody.concepts, nobody.usage.mode) == ((), "none")
    many = household.ask_many([question, question], only=[None, [one]])
    assert [set(answer.concepts) for answer in many] == [{one, two}, {one}]
    with pytest.raises(InputError, match="names for 1 questions were given for 2 questions"):
        household.ask_many([question, question], only=[None])


def test_nobody_is_looked_for_where_it_is_said_who_is_meant(household: PersonalMemory, exam: Exam) -> None:
    one, two, three = (concept.name for concept in exam.concepts)
    ready = household.ready(f"How old is {one}?", about=(two, three))
    assert [find.concept.name for find in ready.found] == [two, three]
    assert ready.context is not None
    assert household.ready(f"How old is {one}?", about=()).context is None
    found = household.ready(f"How old is {one}?", about=(one,))
    said = household.node.generate(found.context, f"How old is {one}?")
    assert said.text == household.ask(f"How old is {one}?").text
    with pytest.raises(UnknownConceptError, match="'Nobody'"):
        household.ready("Who is that?", about=("Nobody",))


def test_an_answer_told_in_pieces_is_that_of_ask(household: PersonalMemory, exam: Exam) -> None:
    question = f"How old is {exam.concepts[0].name}?"
    *pieces, whole = household.tell(question, only=[exam.concepts[0].name])
    asked = household.ask(question)
    assert isinstance(whole, Answer)
    assert "".join(map(str, pieces)) == whole.text == asked.text
    assert (whole.concepts, whole.usage, whole.evidence) == (asked.concepts, asked.usage, asked.evidence)
    assert 0 < whole.timings.first_token <= whole.timings.total


def test_doubts_are_told_before_anything_is_stored(household: PersonalMemory, exam: Exam) -> None:
    other = scene.draw_photo(random.Random("doubts"), exam.concepts[0].look).image
    before = household.list()
    (photo,) = household.doubts("Bo", [other])
    assert str(photo).startswith(f"photo 1 of 'Bo' looks like {exam.concepts[0].name!r}")
    assert household.doubts(exam.concepts[0].name, [other]) == []
    (notes,) = household.doubts("Bo", (), "Is 5 years old. Is 6 years old.")
    assert "'Bo is 5 years old.' and 'Bo is 6 years old.'" in str(notes)
    assert household.list() == before
    with pytest.warns(type(photo)) as caught:
        household.remember("Bo", [other])
    assert str(caught[0].message) == str(photo)
