"""Runs: arms, and what is on the disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from jarvis_bench import (
    Answer,
    AnswerLog,
    ConstantMethod,
    Dataset,
    Disguise,
    Introduction,
    Item,
    Plan,
    Query,
    mark_answer,
    read_dataset,
    run,
    swapped,
    wilson,
)
from jarvis_bench.dataset import BenchConcept
from jarvis_bench.disguise import Asked
from jarvis_bench.prompt import prompt_of, rotated
from jarvis_retrievers.errors import ContextError, DatasetError, SettingError
from tests.bench.methods import HonestMethod, Planted
from tests.bench.worlds import HERE, choice, save, small_world


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world"), images=2)


def values(result_arms: Sequence[object], arm: str) -> Mapping[str, float]:
    (found,) = [one for one in result_arms if getattr(one, "arm") == arm]  # noqa: B009
    return {score.group: score.value.value for score in getattr(found, "scores")}  # noqa: B009


def test_a_method_beside_its_controls(data: Dataset, tmp_path: Path) -> None:
    result = run(data, HonestMethod(), tmp_path, resamples=50)
    assert [arm.arm for arm in result.arms] == ["method", "oracle", "none", "wrong", "constant"]
    assert set(values(result.arms, "method").values()) == {1.0}
    none, wrong, constant = (values(result.arms, arm) for arm in ("none", "wrong", "constant"))
    assert none == {"caption": 0, "recognition": 0, "vqa choice": 0, "vqa open": 0}
    assert wrong == none
    # "Yes" is right on a quarter: P 1/4, R 1. All names: full recall. The commonest fruit: a quarter.
    assert constant == {"caption": 1, "recognition": pytest.approx(0.4), "vqa choice": 0, "vqa open": 0.25}
    (arm,) = [arm for arm in result.arms if arm.arm == "constant"]
    also = {score.group: score.others for score in arm.scores}
    assert also["caption"]["precision"] == 0.25
    assert also["vqa choice"]["published order"] == 0.5  # C: a third of six, and both of two
    cost = result.arms[0].cost
    assert (cost.bytes_per_concept, cost.bytes_loaded, cost.first_token_seconds, cost.failures) == (
        48,
        7,
        0,
        0,
    )
    assert cost.answer_seconds is not None
    assert cost.remember_seconds is not None


def test_what_is_on_the_disk(data: Dataset, tmp_path: Path) -> None:
    result = run(data, HonestMethod(), tmp_path, plan=Plan(("method", "none")), resamples=50)
    asked = sum(item.rotations for item in data.items)
    for name in ("answers.jsonl", "marks.jsonl"):
        lines = [json.loads(line) for line in (tmp_path / name).read_text("utf-8").splitlines()]
        assert len(lines) == 2 * asked
        assert len({(line["arm"], line["item"], line["rotation"]) for line in lines}) == 2 * asked
    assert read_dataset(tmp_path / "dataset.jsonl", data.root) == data
    table = json.loads((tmp_path / "table.json").read_text("utf-8"))
    assert table == json.loads(json.dumps(result.to_dict()))
    value = table["arms"][0]["scores"][1]["value"]
    assert value == {"value": 1.0, "low": pytest.approx(wilson(8, 8).low), "high": 1.0}
    page = (tmp_path / "table.md").read_text("utf-8")
    assert "| recognition | method | f1 100.0 | 67.6 to 100.0 | 32 | 0 | 0 | 0 | 0 |" in page
    assert "| vqa choice | none | accuracy 0.0 | 0.0 to 32.4 | 8 | 8 | 0 |" in page
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]


def test_errors_of_a_method_are_told_and_wrong(data: Dataset, tmp_path: Path) -> None:
    def says(query: Query, count: int) -> str:
        if count % 2:
            raise ContextError("the window is full")
        return "No\ud800"

    only = data.keeping(item for item in data.items if item.task == "recognition")
    result = run(only, Planted(says), tmp_path, plan=Plan(("method",)), canary=0, resamples=10)
    (score,) = result.arms[0].scores
    assert (result.arms[0].cost.failures, score.unreadable, score.missing) == (16, 16, 0)
    assert "ContextError: the window is full" in (tmp_path / "answers.jsonl").read_text("utf-8")


def test_other_exceptions_stop_the_run_and_lose_nothing(data: Dataset, tmp_path: Path) -> None:
    def says(query: Query, count: int) -> str:
        if count == 6:
            raise ZeroDivisionError
        return "No"

    with pytest.raises(ZeroDivisionError):
        run(data, Planted(says), tmp_path, canary=0)
    assert len(AnswerLog(tmp_path / "answers.jsonl").read()) == 5


def test_a_damaged_log_is_refused(tmp_path: Path) -> None:
    log = AnswerLog(tmp_path / "answers.jsonl")
    assert log.read() == ()
    answer = Answer(arm="method", item="a", rotation=0, text="x", seconds=1)
    with log.writing() as writer:
        writer.write(answer)
        with pytest.raises(DatasetError, match="another run"), log.writing():
            pass
        writer.write(answer)
    with pytest.raises(DatasetError, match="line 2: 'a' is answered twice"):
        log.read()
    log.path.write_bytes(b'{"arm": "method"}\n')
    with pytest.raises(DatasetError, match="line 1 is no answer: Field required"):
        log.read()
    log.path.write_bytes(b"x" * 200_000)  # one line that never ended
    assert log.read() == ()
    assert log.path.read_bytes() == b""


def test_what_a_method_sees_says_nothing(data: Dataset) -> None:
    disguise = Disguise(data, seed=3)
    order = disguise.order()
    assert sorted((asked.item.id, asked.rotation) for asked in order) == sorted(
        (item.id, turn) for item in data.items for turn in range(item.rotations)
    )
    assert [asked.item for asked in order] != sorted(
        (asked.item for asked in order), key=lambda item: item.id
    )
    assert disguise.order() == order
    assert Disguise(data, seed=4).order() != order
    queries = [disguise.query(asked) for asked in order]
    assert len({query.id for query in queries}) == len(order)
    for query in queries:
        assert len(query.id) == 16
        assert query.told is None
        for image in query.images:
            assert not hasattr(image, "filename")
            assert image.info == {}
    told = disguise.query(Asked(data.items[0], 0), told=True)
    assert told.told == ("Bo",)


def test_a_picture_that_has_changed_is_noticed(tmp_path: Path) -> None:
    data = small_world(tmp_path, concepts=2, images=1)
    save(tmp_path, "test/Bo/0.png", "another")
    with pytest.raises(DatasetError, match=r"test/Bo/0\.png is not the picture it was"):
        run(data, HonestMethod(), tmp_path / "out", canary=0)
    outside = data.items[0].images[0].model_copy(update={"path": "../secret.png"})
    spoilt = data.keeping([data.items[0].model_copy(update={"images": (outside,)})])
    with pytest.raises(DatasetError, match="leads out of"):
        Disguise(spoilt, 0).query(Asked(spoilt.items[0], 0))


def test_the_wrong_memory_is_never_the_own_one() -> None:
    concepts = [BenchConcept(id=str(n), name=f"Name{n}", notes=f"Name{n} is NAME{n}.") for n in range(7)]
    for seed in range(20):
        found = swapped(concepts, seed)
        assert [one.id for one in found] == [one.id for one in concepts]
        assert all(one.notes == f"{one.name} is {one.name}." for one in found)
        photos = swapped([one.model_copy(update={"category": one.id}) for one in concepts], seed)
        assert sorted(one.category for one in photos) == [one.id for one in concepts]
        assert all(one.category != one.id for one in photos)
    assert swapped(concepts[:1], 0)[0].notes == ""


def test_a_plan_has_known_arms() -> None:
    for arms in ((), ("method", "method"), ("guess",)):
        with pytest.raises(SettingError, match="arms are some of method, oracle"):
            Plan(arms)  # type: ignore[arg-type]


def test_options_are_shown_in_turn() -> None:
    item = choice("one", [], ["red", "green", "blue"], 2, None)
    assert rotated(item, 2) == ("blue", "red", "green")
    assert prompt_of(item, 1) == (
        "Which one, one?\nA. green\nB. blue\nC. red\nAnswer with the letter of the right option."
    )


def test_the_constant_free_answer_is_right_by_the_rules(data: Dataset) -> None:
    def asked(id: str, **fields: object) -> Item:
        return Item.model_validate({"id": id, "task": "text", "question": "?", "source": HERE} | fields)

    # "red" is the commonest reference, and barred nearly everywhere; "blue hat" holds what two others need.
    items = [asked(f"red {n}", answer="red", needs=("red", "cap")) for n in range(3)]
    items += [asked(f"hat {n}", answer="hat", needs=("hat",), bars=("red",)) for n in range(2)]
    items += [asked("blue", answer="blue hat")]
    chosen = ConstantMethod.best(data.keeping(items)).answers["open"]
    assert chosen == "blue hat"
    names = {one.id: one.name for one in data.concepts}
    assert sum(mark_answer(item, 0, chosen, names).right for item in items) == 3


def test_the_best_constant_answer(data: Dataset) -> None:
    method = ConstantMethod.best(data)
    assert method.answers["yes_no"] == "Yes"
    assert method.answers["caption"] == "Bo, Mimi, Tiko, Zaza"
    assert method.answers["choice"] in ("A", "B", "C")
    memory = method.open([Introduction("Bo", "", "", ())])
    assert memory.stored() == {}
    item = choice("one", [], ["x", "y"], 0, None)
    query = Disguise(data, 0).query(Asked(item, 0))
    assert memory.answer(query).text == method.answers["choice"]
