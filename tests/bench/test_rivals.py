"""Published methods without training on Pocket: what each of them keeps, tells the model, and decides by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from jarvis_bench import BenchMemory, Dataset, Disguise, Introduction, Item, Query, Updating, mark_answer
from jarvis_bench.disguise import Asked
from jarvis_bench.methods import Models, make_method
from jarvis_bench.pocket import Size, draw_split
from jarvis_bench.reading import holds_phrase
from jarvis_retrievers.errors import SettingError
from tests.bench.worlds import some

RIVALS = ("ego", "pekit", "r2p", "slc")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_split("heldout", tmp_path_factory.mktemp("data"), size=Size(4, pictures=3, questions=2))


@pytest.fixture(scope="module")
def memories(models: Models, told: tuple[Introduction, ...]) -> Iterator[Mapping[str, BenchMemory]]:
    opened = {name: make_method(name, models).open(told) for name in RIVALS}
    yield opened
    for memory in opened.values():
        memory.close()


def share(memory: BenchMemory, disguise: Disguise, items: list[Item]) -> float:
    names = {one.id: one.name for one in disguise.dataset.concepts}
    replies = [memory.answer(disguise.query(Asked(item, 0))) for item in items]
    return sum(
        mark_answer(item, 0, r.text, names).right for item, r in zip(items, replies, strict=True)
    ) / len(items)


@pytest.mark.parametrize("name", RIVALS)
def test_facts_and_details(
    name: str, memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    memory = memories[name]
    assert share(memory, disguise, some(data, "text", "fact")) == 1
    details = some(data, "text", "detail") + some(data, "vqa", "detail")
    # No reference view of pekit reaches the model, and pictures of details have them covered.
    assert (share(memory, disguise, details) >= 0.5) == (name != "pekit")


@pytest.mark.parametrize("name", RIVALS)
def test_recognition(
    name: str, memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    here = [item for item in data.items if item.task == "recognition"]
    there = [item for item in here if item.answer == "yes"][:3]
    away = [item for item in here if item.answer == "no"][: len(there)]
    assert share(memories[name], disguise, there + away) >= 0.75


@pytest.mark.parametrize("name", RIVALS)
def test_who_is_named_in_an_answer_about_a_picture(
    name: str, memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    captions = [item for item in data.items if item.task == "caption"][:2]
    assert share(memories[name], disguise, captions + some(data, "vqa", "who")) > 0
    item = some(data, "vqa", "who", "choice")[0]
    names = {one.id: one.name for one in data.concepts}
    reply = memories[name].answer(disguise.query(Asked(item, 0)))
    assert mark_answer(item, 0, reply.text, names).said in (None, *"ABCD"[: len(item.options)])


@pytest.mark.parametrize("name", RIVALS)
def test_told_who_is_meant_and_what_it_costs(
    name: str, memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    item = some(data, "text", "fact")[0]
    other = next(one.name for one in data.concepts if one.id != item.concepts[0])
    query = disguise.query(Asked(item, 0))
    asked = Query(query.id, query.task, query.form, query.question, query.prompt, told=(other, "Nobody"))
    assert memories[name].answer(asked).found == (other,)
    reply = memories[name].answer(query)
    assert sum(seconds for _, seconds in reply.stages) == pytest.approx(reply.first_token)
    assert [stage for stage, _ in reply.stages][-2:] == ["compose", "first"]
    assert set(memories[name].stored()) == {one.name for one in data.concepts}
    assert min(memories[name].stored().values()) > 0


@pytest.mark.parametrize("name", RIVALS)
def test_told_of_somebody_who_is_elsewhere(
    name: str, memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    away = next(item for item in data.items if item.task == "recognition" and item.answer == "no")
    reply = memories[name].answer(disguise.query(Asked(away, 0), told=True))
    assert reply.text == "No"


@pytest.mark.parametrize("name", RIVALS)
def test_what_is_told_later_is_known(name: str, models: Models, told: tuple[Introduction, ...]) -> None:
    one, other = told[:2]
    note = "likes plums."
    bare = Introduction(one.name, "", "", one.photos[:1])
    question = f"What does {one.name} like?"
    with_notes = Introduction(one.name, "", f"{one.name} {note}", one.photos[1:])
    memory = make_method(name, models).open((bare, other, Introduction("Nobodi", "", "Nobodi naps.", ())))
    try:
        before = memory.stored()[one.name]
        assert isinstance(memory, Updating)
        memory.update(with_notes)
        assert memory.stored()[one.name] != before
        assert "Nobodi" not in memory.stored()
        said = memory.answer(Query("q", "text", "open", question, question))
        assert holds_phrase(said.text, "plums")
    finally:
        memory.close()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("ego:keep=all", "ego keeps one of attention, keywords, full, uniform, got 'all'"),
        ("pekit:threshold=2", "a threshold is a cosine or 'auto', got '2'"),
        ("pekit:threshold=much", "a threshold is a cosine or 'auto', got 'much'"),
        ("pekit:naming=names", "pekit names by auto, boxes, regions, got 'names'"),
        ("r2p:top=0", "r2p looks at 1 candidate or more, got '0'"),
    ],
)
def test_options_that_cannot_be(words: str, problem: str, models: Models) -> None:
    with pytest.raises(SettingError, match=problem):
        make_method(words, models)
