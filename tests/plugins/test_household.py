from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from jarvis_plugins.demo import household_folder
from jarvis_plugins.demo.place import read_household
from jarvis_pocket import ask, world
from jarvis_pocket.homestead import HOUSEHOLD, STRANGER_NAME, draw_household, main
from jarvis_pocket.household import NOTES_FILE, DrawnHousehold, load_household, save_household
from jarvis_retrievers.errors import InputError

SHIPPED = Path(__file__).parents[2] / "examples" / "household"


@pytest.fixture(scope="module")
def drawn() -> DrawnHousehold:
    return draw_household()


def test_names_and_looks_are_held_out() -> None:
    assert {world.name_split(c.name) for c in HOUSEHOLD} == {"heldout"}
    assert {world.look_split(c.look) for c in HOUSEHOLD} == {"heldout"}
    assert world.name_split(STRANGER_NAME) == "heldout"
    assert STRANGER_NAME not in {c.name for c in HOUSEHOLD}
    # What "held out" means: training never draws them.
    rng = random.Random(0)
    assert not {world.draw_name(rng, "train") for _ in range(2000)} & {c.name for c in HOUSEHOLD}


def test_who_lives_there() -> None:
    looks = [c.look for c in HOUSEHOLD]
    assert len(HOUSEHOLD) == 7
    assert len({look.category for look in looks} & set(world.CATEGORIES)) == 6
    cats = [look for look in looks if look.category == "cat"]
    assert len({look.colour for look in cats}) == 2
    assert sorted(Counter(look.emblem for look in looks).values()) == [1, 1, 1, 1, 1, 2]
    assert len({(look.category, look.colour) for look in looks}) == 7
    assert len({c.name for c in HOUSEHOLD}) == 7
    for concept in HOUSEHOLD:
        assert concept.look.accessory_colour != concept.look.colour
        assert concept.look.pattern in world.PATTERNS
        assert concept.look.glyph in world.GLYPHS
        assert concept.look.glyph_colour in world.GLYPH_COLOURS
        assert concept.look.accessory in world.ACCESSORIES
        assert all(concept.facts[key] in values for key, values in world.FACTS.items())


def test_the_notes_tell_all_facts_and_no_look(drawn: DrawnHousehold) -> None:
    for concept, told in zip(HOUSEHOLD, drawn.household.concepts, strict=True):
        assert told.name == concept.name
        assert all(value in told.about for value in concept.facts.values())
        assert told.about.count(concept.name) == 5
        assert not any(word in told.about.casefold() for word in (concept.look.colour, concept.look.glyph))


def test_questions(drawn: DrawnHousehold) -> None:
    questions = drawn.household.questions
    assert Counter(q.kind for q in questions) == {
        "fact": 4,
        "detail": 4,
        "recognise": 4,
        "who": 3,
        "compare": 3,
        "caption": 2,
        "unknown": 1,
    }
    for question in questions:
        assert question.right(question.answer)
        assert not question.right("")
        assert (question.image is not None) >= (question.kind in ("recognise", "who", "caption"))
    here = [q.needs[0] for q in questions if q.kind == "recognise"]
    assert sum("is not here" in needs for needs in here) == 2
    assert "yes, the same" in {q.needs[0] for q in questions if q.kind == "compare"}
    hidden = [q for q in questions if q.kind == "detail" and q.image]
    assert len(hidden) == 1
    assert sum(len(q.about) > 1 for q in questions) >= 5
    assert questions[-1].answer == f"{STRANGER_NAME} is unknown to me."


def test_a_constant_answer_is_seldom_right(drawn: DrawnHousehold) -> None:
    questions = drawn.household.questions
    for answer in {q.answer for q in questions}:
        assert sum(q.right(answer) for q in questions) <= len(questions) // 4
    # Only "the same?" has a right answer that many others could share.
    assert sum(q.right("They are alike: yes, the same.") for q in questions) == 1


def test_judging_is_that_of_the_exam(drawn: DrawnHousehold) -> None:
    for question in drawn.household.questions:
        twin = ask.Question(
            question.kind,
            question.question,
            question.answer,
            question.needs,
            question.bars,
            question.options,
            question.about,
        )
        for other in drawn.household.questions:
            assert question.right(other.answer) == twin.right(other.answer)


def test_pictures_have_their_size(drawn: DrawnHousehold) -> None:
    assert set(drawn.pictures) == set(drawn.household.files)
    for path, picture in drawn.pictures.items():
        assert picture.mode == "RGB"
        if path.parts[0] == "photos":
            assert picture.size == (256, 256)
        else:
            assert picture.size in ((192, 192), (384, 192))


def test_what_ships_is_what_is_drawn(drawn: DrawnHousehold, tmp_path: Path) -> None:
    save_household(drawn, tmp_path)
    assert json.loads((SHIPPED / NOTES_FILE).read_text()) == json.loads((tmp_path / NOTES_FILE).read_text())
    shipped = {path.relative_to(SHIPPED) for path in SHIPPED.rglob("*.png")}
    assert shipped == set(drawn.pictures)
    for path, picture in drawn.pictures.items():
        with Image.open(SHIPPED / path) as opened:
            assert opened.size == picture.size
            assert ImageChops.difference(opened.convert("RGB"), picture).getbbox() is None, path


def test_save_and_load(drawn: DrawnHousehold, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "h")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'h'}: 7 concepts, 21 questions, 31 pictures\n"
    assert load_household(tmp_path / "h") == drawn.household.within(tmp_path / "h")


def test_what_cannot_be_loaded(drawn: DrawnHousehold, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no household in .*household\.json cannot be read"):
        load_household(tmp_path)
    with pytest.raises(InputError, match="no household in"):
        read_household(tmp_path)
    file = tmp_path / NOTES_FILE
    file.write_text("{")
    with pytest.raises(ValueError, match="is not right at"):
        load_household(tmp_path)
    data = drawn.household.model_dump(mode="json")
    data["questions"][3]["kind"] = "riddle"
    file.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"is not right at questions\.3\.kind"):
        load_household(tmp_path)
    file.write_text(json.dumps(drawn.household.model_dump(mode="json")))
    with pytest.raises(ValueError, match=r"liki-1\.png, which is not there"):
        load_household(tmp_path)


def test_the_one_that_ships_is_found() -> None:
    folder = household_folder()
    assert folder.name == "household"
    assert read_household() == load_household(folder)
