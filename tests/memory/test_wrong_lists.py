"""One where a list is wanted, and names that nobody has, are refused in words that help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_memory.chat import Message
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError, UnknownConceptError

ONE = ["scene.png", Path("scene.png"), b"png", Image.new("RGB", (40, 40))]


@pytest.mark.parametrize("one", ONE)
def test_one_picture_where_a_list_is_wanted_is_refused(household: PersonalMemory, one: Any) -> None:
    asking = (household.ask, household.stream, household.tell, household.recall, household.why)
    for call in asking:
        with pytest.raises(InputError, match=r"images must be a list, got one .*; write images=\[...\]"):
            call("Who is here?", one)
    for teaching in (household.remember, household.doubts):
        with pytest.raises(InputError, match=r"write photos=\[...\]"):
            teaching("Mochi", one)
    with pytest.raises(InputError, match=r"write photos=\[...\]"):
        household.update(household.list()[0].name, photos=one)
    with pytest.raises(InputError, match=r"write images=\[...\]"):
        household.ask_many(["Who is here?"], [one])


def test_one_text_where_a_list_is_wanted_is_refused(household: PersonalMemory, exam: Exam) -> None:
    name: Any = exam.concepts[0].name
    wrong: Any = "abc"
    with pytest.raises(
        InputError, match=r"questions must be a list of texts, got str; write questions=\[...\]"
    ):
        household.ask_many(wrong)
    with pytest.raises(InputError, match=r"only must be a list of texts, got str; write only=\[...\]"):
        household.ask("Who is that?", only=name)


def test_a_name_that_nobody_has_lets_nobody_in_unsaid(household: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    question = f"What does {name} like?"
    with pytest.raises(UnknownConceptError, match="Nobody"):
        household.ask(question, only=["Nobody"])
    assert household.ask(question, only=[name.lower()], max_new_tokens=2).concepts == (name,)


@pytest.mark.parametrize("messages", [[], [Message("system", ("Be brief.",))]])
def test_a_conversation_without_a_message_of_the_user_is_refused(
    household: PersonalMemory, messages: list[Message]
) -> None:
    with pytest.raises(InputError, match="a message of the user"):
        household.about(messages)


async def test_what_takes_long_has_an_asynchronous_form(household: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    question = f"How old is {name}?"
    asked = household.ask(question)
    (one,) = await household.aask_many([question], only=[[name]])
    *pieces, whole = [piece async for piece in household.atell(question)]
    assert one.text == asked.text == "".join(map(str, pieces)) == getattr(whole, "text", None)
    assert [find.concept.name for find in (await household.awhy(question)).found] == [name]
    assert await household.adoubts(name, [exam.photos[0][0]]) == household.doubts(name, [exam.photos[0][0]])
