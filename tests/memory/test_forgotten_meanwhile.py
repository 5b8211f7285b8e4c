"""A concept that is forgotten between being found and being read fails no question."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence

import pytest
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_memory.chat import ChatRequest, Message
from jarvis_memory.finder import Find, Finder
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import JarvisWarning, UnknownConceptError


def forgetting(memory: PersonalMemory, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget a concept, with what is at hand of it, right after a question has found it."""
    real = Finder.find

    def find(self: Finder, *rest: object, **more: object) -> list[Find]:
        found = real(self, *rest, **more)  # type: ignore[arg-type]
        if any(one.concept.name == name for one in found):
            memory.forget(name)
        return found

    monkeypatch.setattr(Finder, "find", find)


def test_a_question_goes_on_without_who_was_forgotten(
    household: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, _ = (concept.name for concept in exam.concepts)
    question = f"Do {one} and {two} have the same emblem?"
    household.migrate("none")  # segments are made of the photos again
    forgetting(household, one, monkeypatch)
    assert household.ask(question, max_new_tokens=2).concepts == (two,)


def test_of_questions_that_are_answered_together_none_fails(
    household: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, _ = (concept.name for concept in exam.concepts)
    household.migrate("none")
    forgetting(household, one, monkeypatch)
    gone, there = household.ask_many([f"How old is {one}?", f"How old is {two}?"], max_new_tokens=8)
    assert (gone.concepts, there.concepts) == ((), (two,))
    assert exam.concepts[1].facts["age"] in there.text


def test_a_conversation_goes_on_without_who_was_forgotten(
    household: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, _ = exam.concepts
    household.migrate("none")
    forgetting(household, one.name, monkeypatch)
    asked = ChatRequest([Message("user", (f"How old are {one.name} and {two.name}?",))], max_new_tokens=2)
    assert household.chat(asked).concepts == (two.name,)


def test_who_was_named_by_the_caller_and_is_gone_is_an_error(household: PersonalMemory, exam: Exam) -> None:
    one = exam.concepts[0]
    household.forget(one.name)
    with pytest.raises(UnknownConceptError):
        household.ready("How old is it?", about=[one.name])


def test_a_threshold_of_who_was_forgotten_is_that_of_all(household: PersonalMemory, exam: Exam) -> None:
    finder, one = household._engine.finder, exam.concepts[0].name
    view, key = finder._current(), household.show(one).id
    household.forget(one)
    assert finder._threshold(view, key) == finder._config.image_threshold
    assert key not in view.thresholds


def test_writers_and_readers_at_once(household: PersonalMemory, exam: Exam) -> None:
    pictures: Sequence[Image.Image] = exam.photos[0]
    name, errors, over = exam.concepts[1].name, list[BaseException](), threading.Event()

    def write() -> None:
        try:
            for _ in range(3):
                household.remember("Mochi", [pictures[0]], "Mochi likes rice.")
                household.forget("Mochi")
        except BaseException as error:
            errors.append(error)
        finally:
            over.set()

    def read() -> None:
        try:
            while not over.is_set():
                household.why("Who is here?", [pictures[0]])
                household.ready(f"What do Mochi and {name} like?")
        except BaseException as error:
            errors.append(error)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JarvisWarning)
        threads = [threading.Thread(target=run) for run in (write, read, read)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
