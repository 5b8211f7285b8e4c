from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.concept import Profile
from jarvis_memory.profile import build_profile, fold_notes, profile_text, split_sentences
from jarvis_retrievers.errors import ConceptNameError

FACTS = [
    ("Bo loves noodles.", "Bo loves noodles."),
    ("Bo's collar is red.", "Bo's collar is red."),
    ("Bob likes him.", "Bo: Bob likes him."),
    ("He loves noodles.", "Bo loves noodles."),
    ("She's four.", "Bo is four."),
    ("She’s four.", "Bo is four."),
    ("It's been to Rome.", "Bo has been to Rome."),
    ("He'll come back.", "Bo will come back."),
    ("They are calm.", "Bo is calm."),
    ("They love walks.", "Bo loves walks."),
    ("They often carry sticks.", "Bo often carries sticks."),
    ("They don't bark.", "Bo doesn't bark."),
    ("They ran away.", "Bo ran away."),
    ("His collar is red.", "Bo's collar is red."),
    ("Their bowl is blue.", "Bo's bowl is blue."),
    ("Its handle broke.", "Bo's handle broke."),
    ("Born in May.", "Bo was born in May."),
    ("Loves noodles.", "Bo loves noodles."),
    ("Likes long walks", "Bo likes long walks."),
    ("Sleeps on the sofa.", "Bo sleeps on the sofa."),
    ("Lives in Rome!", "Bo lives in Rome!"),
    ("Has a red collar.", "Bo has a red collar."),
    ("Wears a hat.", "Bo wears a hat."),
    ("Always sleeps late.", "Bo always sleeps late."),
    ("Can swim.", "Bo can swim."),
    ("4 years old.", "Bo is 4 years old."),
    ("Four and a half years old.", "Bo is four and a half years old."),
    ("30 cm tall", "Bo is 30 cm tall."),
    ("My shiba.", "Bo is my shiba."),
    ("A red mug.", "Bo is a red mug."),
    ("A mug that I bought in Rome.", "Bo is a mug that I bought in Rome."),
    ("This is my dog.", "Bo is my dog."),
    ("This is Bo.", "Bo."),
    ("Adopted in 2020.", "Bo was adopted in 2020."),
    ("Named after a river.", "Bo was named after a river."),
    ("Red and white.", "Bo is red and white."),
    ("Very friendly.", "Bo is very friendly."),
    ("Afraid of thunder.", "Bo is afraid of thunder."),
    ("From Japan.", "Bo is from Japan."),
    ("A friend gave him to me.", "Bo: A friend gave him to me."),
    ("My sister made it.", "Bo: My sister made it."),
    ("My mother knitted it for me.", "Bo: My mother knitted it for me."),
    ("A mug made of clay.", "Bo is a mug made of clay."),
    ("A striped mug.", "Bo is a striped mug."),
    ("We met in Rome.", "Bo: We met in Rome."),
    ("Noodles!", "Bo: Noodles!"),
]


@pytest.mark.parametrize(("note", "fact"), FACTS)
def test_each_fact_names_its_concept(note: str, fact: str) -> None:
    assert build_profile("Bo", [note]).facts == (fact,)


def test_my_and_the_category_is_the_concept() -> None:
    notes = ["My shiba. My shiba hates rain. My shiba's bowl is blue. My sister has it."]
    assert build_profile("Bo", notes).facts[1:] == (
        "Bo hates rain.",
        "Bo's bowl is blue.",
        "Bo: My sister has it.",
    )
    assert build_profile("Bo", ["My dog hates rain."], "a dog").facts == ("Bo hates rain.",)


@pytest.mark.parametrize(
    ("notes", "given_category", "category"),
    [
        (["My shiba."], None, "shiba"),
        (["Loves noodles. A red mug with a chip."], None, "red mug"),
        (["He is a very good old friendly dog."], None, "dog"),
        (["Bo is my best friend's dog, I think."], None, "best friend's dog"),
        (["Bo is a bit shy."], None, None),
        (["One of twins."], None, None),
        (["My shiba."], "the dog", "dog"),
        (["My shiba."], " ", "shiba"),
        ([], None, None),
    ],
)
def test_category(notes: list[str], given_category: str | None, category: str | None) -> None:
    assert build_profile("Bo", notes, given_category).category == category


def test_text() -> None:
    profile = build_profile("Bo", ["My shiba. Born in May. Loves noodles.", "Loves  NOODLES."])
    assert (
        profile_text(profile) == "Bo is a shiba.\nBo is my shiba.\nBo was born in May.\nBo loves noodles.\n"
    )


def test_a_fact_that_says_the_category_is_not_said_twice() -> None:
    assert (
        profile_text(build_profile("Cup", ["Has a chip. A red mug."]))
        == "Cup has a chip.\nCup is a red mug.\n"
    )


@pytest.mark.parametrize(
    ("category", "line"),
    [("owl", "an owl"), ("mug", "a mug"), ("unicorn", "a unicorn"), ("hourglass", "an hourglass")],
)
def test_article(category: str, line: str) -> None:
    assert profile_text(Profile(name="Bo", category=category)) == f"Bo is {line}.\n"


def test_caption_and_attributes_follow() -> None:
    profile = Profile(
        name="Bo",
        caption="A small dog\non a sofa.",
        attributes=("collar: red", "tail:\tcurled"),
        facts=("Bo naps.",),
    )
    assert (
        profile_text(profile) == "Bo naps.\nBo: A small dog on a sofa.\nBo: collar: red\nBo: tail: curled\n"
    )
    assert profile_text(Profile(name="Bo", caption="Bo on a sofa.")) == "Bo on a sofa.\n"
    assert profile_text(Profile(name="Bo")) == ""


def test_sentences() -> None:
    note = (
        "Dr. Smith treats him, e.g. in May. Weighs 4.5 kg!  Likes tea?\n- Sleeps late\n* 2 cats\n"
        "1. Barks, \n\n...\n犬です。好き"
    )
    assert split_sentences(note) == [
        "Dr. Smith treats him, e.g. in May.",
        "Weighs 4.5 kg!",
        "Likes tea?",
        "Sleeps late.",
        "2 cats.",
        "Barks.",
        "犬です。",
        "好き.",
    ]
    assert split_sentences(" \n\t") == []


def test_a_name_is_never_a_pattern() -> None:
    assert build_profile("A.(b", ["My dog. Axxb naps."]).facts == ("A.(b is my dog.", "A.(b: Axxb naps.")
    assert build_profile("\\1", ["His \\g<0> ball."]).facts == ("\\1's \\g<0> ball.",)
    with pytest.raises(ConceptNameError):
        build_profile("", [])


def test_fold_notes() -> None:
    assert fold_notes(["Loves tea.", "Naps."], ["loves  TEA.", "Barks.", " ", "Barks."]) == (
        "Loves tea.",
        "Naps.",
        "Barks.",
    )
    assert fold_notes([], []) == ()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=4), st.sampled_from(["Bo", "Éa", "X y", "A.(b"]))
def test_any_note_gives_lines_that_name_the_concept(notes: list[str], name: str) -> None:
    profile = build_profile(name, notes)
    assert profile == build_profile(name, notes)
    for fact in profile.facts:
        assert fact.casefold().startswith(name.casefold())
        assert len(fact.splitlines()) == 1
    lines = profile_text(profile).split("\n")
    assert lines.pop() == ""
    assert all(line.casefold().startswith(name.casefold()) for line in lines)
    assert len(lines) - len(profile.facts) in (0, 1)
    assert build_profile(name, profile.facts, profile.category).facts == profile.facts
