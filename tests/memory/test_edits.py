"""What is written by hand stays, whatever notes say, until it is reset; and nothing that was is lost."""

from __future__ import annotations

import pytest

from jarvis_memory.concept import Edits, PastProfile
from jarvis_memory.edits import edited, past, with_edits
from jarvis_memory.profile import build_profile, profile_text
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError, UnknownConceptError
from tests.memory.conftest import Opener


def test_what_is_written_by_hand_wins(opened: Opener, exam: Exam) -> None:
    memory = opened()
    name = exam.concepts[0].name
    first = memory.remember(name, [exam.photos[0][0]], f"{name} likes cheese. {name} is a cat.")
    edited_once = memory.edit(name, category="lion", facts=[f"{name} likes soup. {name} was born in May."])
    assert edited_once.profile.category == "lion"
    assert edited_once.profile.facts == (f"{name} likes soup.", f"{name} was born in May.")
    assert [past.profile for past in edited_once.history] == [first.profile]
    assert "soup" in memory.ask(f"What does {name} like?").text
    # New notes add nothing to facts that were written by hand, but are kept.
    updated = memory.update(name, about="Likes bread.")
    assert updated.profile == edited_once.profile
    assert "Likes bread." in updated.about
    assert updated.history == edited_once.history
    again = memory.edit(name, reset=["facts"], caption="A small lion.")
    assert again.profile.facts == build_profile(name, again.about, again.category).facts
    assert f"{name} likes bread." in again.profile.facts
    assert (again.profile.category, again.profile.caption) == ("lion", "A small lion.")
    assert len(again.history) == 2
    assert "A small lion." in profile_text(again.profile)
    with opened() as other:
        assert other.show(name) == again
    assert memory._engine.keeper.get(again).segment.token_ids == memory.node.segment_ids(
        name, profile_text(again.profile), len(again.patches)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing to edit"),
        ({"caption": " "}, "1 to 25 words"),
        ({"caption": "word " * 26}, "got 26"),
        ({"attributes": ["black ears"]}, "part: descriptor"),
        ({"attributes": "ear: black"}, "must be a list"),
        ({"facts": "One."}, "must be a list"),
        ({"category": ""}, "is empty"),
        ({"reset": ["name"]}, "'name'"),
        ({"caption": "A lion.", "reset": ["caption"]}, "both written and reset"),
    ],
)
def test_what_cannot_be_kept_changes_nothing(
    opened: Opener, exam: Exam, options: dict[str, object], message: str
) -> None:
    memory = opened()
    name = exam.concepts[0].name
    before = memory.remember(name, [exam.photos[0][0]], exam.notes[0])
    with pytest.raises(InputError, match=message):
        memory.edit(name, **options)  # type: ignore[arg-type]
    assert memory.show(name) == before


def test_nobody_is_edited(opened: Opener) -> None:
    with pytest.raises(UnknownConceptError):
        opened().edit("Nobody", caption="A lion.")


def test_an_empty_list_says_that_there_are_none() -> None:
    profile = build_profile("Bo", ["Bo likes soup."], None)
    none = with_edits(Edits(), {"facts": []}, ())
    assert edited(profile, none).facts == ()
    assert edited(profile, Edits()) == profile


def test_a_history_has_an_end() -> None:
    profile = build_profile("Bo", [], None)
    history: tuple[PastProfile, ...] = ()
    for number in range(60):
        history = past(history, profile.model_copy(update={"caption": str(number)}), "2026-11-21")
    assert [one.profile.caption for one in history] == [str(number) for number in range(10, 60)]
