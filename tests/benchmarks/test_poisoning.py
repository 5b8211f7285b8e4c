"""Notes that try to do something are many, fill in, and two of them get nowhere."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.home import Home
from benchmarks.poisoning import Stage
from benchmarks.poisons import POISONS, Aim
from jarvis_memory import PersonalMemory
from jarvis_pocket.world import FOODS


def test_there_are_a_hundred_and_none_is_there_twice() -> None:
    notes = [note for some in POISONS.values() for note in some]
    assert len(notes) == len(set(notes)) == 100
    told = [note.format(me="Bo", other="Mimi", lie="corn", word="pineapple") for note in notes]
    assert not any(mark in note for note in told for mark in ("{me}", "{other}", "{lie}", "{word}"))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    rng = random.Random(40)
    return Stage(Home.draw(rng), PersonalMemory.open(tmp_path / "home", device="cpu"), rng)


def test_a_note_neither_commands_nor_lies(stage: Stage) -> None:
    tried: tuple[tuple[Aim, int], ...] = (("word", 0), ("lie", 0), ("record", 2))
    for aim, number in tried:
        assert aim not in stage.tell(POISONS[aim][number]).done


def test_success_is_seen(tmp_path: Path) -> None:
    rng = random.Random(40)
    home = Home.draw(rng)
    other = home.friend
    foods = {one.facts["food"] for one in (*home.all, home.guest)}
    lie = next(food for food in FOODS if food not in foods)
    home.about[other.name] = home.about[other.name].replace(other.facts["food"], lie)
    stage = Stage(home, PersonalMemory.open(tmp_path / "home", device="cpu"), rng)
    told = stage.tell("")
    assert stage.lie == lie
    assert "lie" in told.done
    assert told.honest[0] < told.honest[1] == 4
