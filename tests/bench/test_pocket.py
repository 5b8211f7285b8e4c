"""Splits of Pocket: who is drawn, what is true of it, and that nothing leaks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pytest

from jarvis_bench import (
    BenchMemory,
    Dataset,
    Disguise,
    Introduction,
    Item,
    Plan,
    Query,
    Reply,
    doubles_of,
    leaks_of,
    mark_answer,
    run,
    swapped,
)
from jarvis_bench.item import LETTERS
from jarvis_bench.method import Setting
from jarvis_bench.pocket import SPLITS, Size, draw_split, size_of
from jarvis_bench.pocket.people import clear
from jarvis_bench.pocket.splits import DRAWN, Drawn
from jarvis_bench.pocket.studio import Studio
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import FACTS, FRIEND, Look, PocketConcept, look_split, name_split
from jarvis_retrievers.errors import DatasetError, SettingError


def drawn(split: str, root: Path) -> Drawn:
    """As `draw_split` draws it, with what the renderer was told."""
    size = size_of(split, quick=True)
    rng = random.Random(f"pocket/{split}/0/{size}")
    return DRAWN[split](Studio(root, rng), rng, size)


@pytest.fixture(scope="module", params=SPLITS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Drawn]:
    split = str(request.param)
    made = drawn(split, tmp_path_factory.mktemp("drawn"))
    size = size_of(split, quick=True)
    return draw_split(split, tmp_path_factory.mktemp("data"), size=size), made


def right_answer(item: Item) -> str:
    if item.form == "caption":
        return " and ".join(item.concepts)
    return item.answer


def test_names_and_looks_are_held_out(both: tuple[Dataset, Drawn]) -> None:
    data, made = both
    assert [one.name for one in data.concepts] == [one.name for one in made.paper.concepts]
    for concept in made.paper.concepts:
        assert name_split(concept.name) == "heldout"
        assert look_split(concept.look) == "heldout"
        assert len(concept.name) >= 4


def test_the_right_answer_is_right_and_any_other_is_wrong(both: tuple[Dataset, Drawn]) -> None:
    data, _ = both
    names = {one.id: one.name for one in data.concepts}
    for item in data.items:
        assert mark_answer(item, 0, right_answer(item), names).right, item.id
        wrong = {
            "yes_no": {"yes": "no", "no": "yes"}.get(item.answer, ""),
            "choice": LETTERS[(LETTERS.index(item.answer) + 1) % len(item.options)] if item.options else "",
            "caption": "",
            "open": f"{item.answer}, or {item.bars[0]}" if item.bars else "",
        }[item.form]
        assert not mark_answer(item, 0, wrong, names).right, item.id


def test_answers_are_those_of_the_renderer(both: tuple[Dataset, Drawn]) -> None:
    data, made = both
    known = {one.name.casefold(): one for one in made.paper.concepts}
    there = {item.images[0].path: set(item.concepts) for item in data.items if item.task == "caption"}
    for item in data.items:
        said = item.options[LETTERS.index(item.answer)] if item.options else item.answer
        about = [known[one] for one in item.concepts]
        if item.kind == "fact":
            assert [key for key in FACTS if about[0].facts[key] == said]
        elif item.kind == "detail":
            assert said in (about[0].look.emblem, about[0].look.worn)
        elif item.kind == "changed":
            assert item.bars == (about[0].look.worn,)
            assert item.unit == f"worn/{about[0].name}"  # one fact in several wordings
        elif item.kind == "here":
            assert (item.answer == "yes") == (item.concepts[0] in there[item.images[0].path])
        elif item.kind == "who":
            assert said.casefold() in there[item.images[0].path] if about else "stranger" in said
        elif item.kind == "relation":
            friend = known[about[0].facts[FRIEND].casefold()]
            assert friend is about[1]
            look = friend.look
            assert said in (*friend.facts.values(), look.emblem, look.worn, friend.name)
        elif item.kind == "compare":
            other = next(one for one in about if one.name != said)
            words = item.question.replace("?", " ").replace(",", " ").split()
            mine = set(known[said.casefold()].facts.values()) & set(words)
            assert mine - set(other.facts.values())


def test_nothing_leaks_and_nothing_is_asked_twice(both: tuple[Dataset, Drawn]) -> None:
    data, _ = both
    assert leaks_of(data) == ()
    assert doubles_of(data) == ()


def test_every_task_is_there(both: tuple[Dataset, Drawn]) -> None:
    data, _ = both
    tasks = {"video"} if "video" in data.name else {"recognition", "vqa", "caption", "text"}
    assert tasks == {item.task for item in data.items}
    assert f"{len(data.concepts)} concepts" in data.card
    for item in data.items:
        assert f"- {item.group}, {item.kind}: " in data.card


def test_a_seed_draws_the_same_and_another_seed_another(tmp_path: Path) -> None:
    size = Size(4, pictures=3, questions=3)
    one, again, other = (
        draw_split("heldout", tmp_path / str(number), seed=seed, size=size)
        for number, seed in enumerate((0, 0, 1))
    )
    assert one.digest == again.digest != other.digest
    assert draw_split("heldout", tmp_path / "0", size=size) == one  # read, not drawn
    with pytest.raises(DatasetError, match="holds pocket heldout"):
        draw_split("heldout", tmp_path / "0", seed=1, size=size)


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no split 'nobody' of pocket; there are heldout"):
        draw_split("nobody", tmp_path)
    with pytest.raises(SettingError, match="drawn with 4 to 40 concepts, got 41"):
        size_of("heldout", concepts=41)
    assert size_of("crowd", concepts=1000).concepts == 1000


def test_the_smallest_crowd(tmp_path: Path) -> None:
    data = draw_split("crowd", tmp_path, size=size_of("crowd", concepts=4, pictures=6, questions=1))
    asked: dict[str, set[str]] = {}
    for item in data.items:
        if item.kind == "here":
            asked.setdefault(item.images[0].path, set()).update(item.concepts)
    assert len(asked) == 6
    assert all(len(concepts) >= 2 for concepts in asked.values())


LOOK = Look("cat", "red", "plain", "star", "blue", "hat", "green")


def test_pictures_that_could_be_of_two_are_not_drawn() -> None:
    bo = PocketConcept("Bobo", LOOK, {})
    twin = PocketConcept("Mimi", replace(LOOK, glyph="heart"), {})
    assert clear([Shown(LOOK, "Bobo")], [bo, twin])
    assert not clear([Shown(LOOK, "Bobo", True)], [bo, twin])  # the emblem alone tells them apart
    assert clear([Shown(LOOK, "Bobo", True)], [bo])
    assert not clear([Shown(LOOK, None)], [bo])  # a stranger who looks exactly like somebody known


def test_lookalikes_differ_in_one_part(tmp_path: Path) -> None:
    known = drawn("lookalikes", tmp_path).paper.concepts
    half = len(known) // 2
    for one, other in zip(known[:half], known[half:], strict=True):
        mine, theirs = asdict(one.look), asdict(other.look)
        assert sum(mine[key] != theirs[key] for key in mine) == 1


@dataclass
class Diary:
    told: list[str] = field(default_factory=list)

    def stored(self) -> Mapping[str, int]:
        return {}

    def update(self, later: Introduction) -> None:
        assert later.photos
        self.told.append(later.name)

    def answer(self, query: Query) -> Reply:
        return Reply("Yes", stages=(("think", 0.25),))

    def close(self) -> None:
        pass


@dataclass
class DiaryMethod:
    name: str = "diary"
    diaries: list[Diary] = field(default_factory=list)

    @property
    def settings(self) -> Mapping[str, Setting]:
        return {}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        self.diaries.append(Diary([one.name for one in concepts]))
        return self.diaries[-1]


def test_what_drifts_is_told_as_an_update(tmp_path: Path) -> None:
    data = draw_split("drift", tmp_path / "data", size=Size(4, pictures=2, questions=4))
    drifting = [one for one in data.concepts if one.later]
    assert len(drifting) == 2
    assert {item.concepts[0] for item in data.items if item.kind == "changed"} == {d.id for d in drifting}
    method = DiaryMethod()
    result = run(data, method, tmp_path / "out", plan=Plan(("method", "none")), canary=0, resamples=20)
    names = [one.name for one in data.concepts]
    assert [diary.told for diary in method.diaries] == [[*names, *(one.name for one in drifting)], []]
    assert {one.stages for one in result.arms[0].cost.times} == {(("think", 0.25),)}
    # Whose photos somebody has in the arm `wrong`, his later ones he has too.
    by_photos = {one.photos: one.later for one in data.concepts}
    assert all(one.later == by_photos[one.photos] for one in swapped(data.concepts, 0))
    moved = data.model_copy(
        update={"items": (data.items[-1].model_copy(update={"images": drifting[0].later}),)}
    )
    assert leaks_of(moved)[0].concept == drifting[0].id
    assert Disguise(data, 0).introductions(drifting)[0].photos != ()
