"""Methods on Pocket: what each of them can know, where it has it from, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from jarvis_bench import (
    BenchMemory,
    Dataset,
    Disguise,
    Introduction,
    Item,
    Mark,
    Query,
    Updating,
    mark_answer,
)
from jarvis_bench.disguise import Asked
from jarvis_bench.item import Form
from jarvis_bench.methods import Models, PlainVoice, PocketVoice, make_method, voice_of
from jarvis_bench.pocket import Size, draw_split
from jarvis_bench.reading import holds_phrase
from jarvis_memory.profile import build_profile, profile_text
from jarvis_pocket.wording import FACT_QUESTIONS
from jarvis_pocket.world import FACTS
from jarvis_retrievers.errors import SettingError
from tests.bench.worlds import some

KNOWN = ("none", "text", "photos", "jarvis")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_split("heldout", tmp_path_factory.mktemp("data"), size=Size(4, pictures=3, questions=4))


@pytest.fixture(scope="module")
def memories(models: Models, disguise: Disguise) -> Iterator[Mapping[str, BenchMemory]]:
    """A memory of each of the plain methods, of all concepts."""
    told = disguise.introductions(disguise.dataset.concepts)
    opened = {name: make_method(name, models).open(told) for name in KNOWN}
    yield opened
    for memory in opened.values():
        memory.close()


def marked(memory: BenchMemory, disguise: Disguise, item: Item, *, told: bool = False) -> Mark:
    names = {one.id: one.name for one in disguise.dataset.concepts}
    reply = memory.answer(disguise.query(Asked(item, 0), told=told))
    return mark_answer(item, 0, reply.text, names)


def share(memory: BenchMemory, disguise: Disguise, items: list[Item], *, told: bool = False) -> float:
    return sum(marked(memory, disguise, item, told=told).right for item in items) / len(items)


@contextmanager
def opened(words: str, models: Models, told: tuple[Introduction, ...]) -> Iterator[BenchMemory]:
    memory = make_method(words, models).open(told)
    try:
        yield memory
    finally:
        memory.close()


def test_facts_are_known_to_all_but_none(
    memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    facts = some(data, "text", "fact")
    found = {name: share(memory, disguise, facts) for name, memory in memories.items()}
    assert found == {"none": 0, "text": 1, "photos": 1, "jarvis": 1}


def test_details_are_known_to_those_who_saw_photos(
    memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    details = some(data, "text", "detail") + some(data, "vqa", "detail")
    found = {name: share(memory, disguise, details) for name, memory in memories.items()}
    assert found["none"] == 0
    assert found["text"] <= 0.25
    assert min(found["photos"], found["jarvis"]) >= 0.75


def test_options_recognition_and_captions_take_their_form(
    memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    jarvis, none = memories["jarvis"], memories["none"]
    (choice, *_) = some(data, "text", "fact", "choice")
    assert marked(jarvis, disguise, choice).right
    assert marked(none, disguise, choice).said is None  # it does not know, and guesses no letter
    here = [item for item in data.items if item.task == "recognition"]
    marks = [marked(jarvis, disguise, item) for item in here]
    assert sum(mark.right for mark in marks) >= 0.75 * len(here)
    assert {mark.said for mark in marks} == {"yes", "no"}
    captions = [item for item in data.items if item.task == "caption"]
    assert share(jarvis, disguise, captions) >= 0.5
    assert share(none, disguise, captions) == 0


def test_who_is_found_and_what_it_costs(
    memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    item = some(data, "text", "fact")[0]
    (concept,) = (one for one in data.concepts if one.id == item.concepts[0])
    text = len(profile_text(build_profile(concept.name, [concept.notes])).encode())
    files = sum((data.root / photo.path).stat().st_size for photo in concept.photos)
    replies = {name: memory.answer(disguise.query(Asked(item, 0))) for name, memory in memories.items()}
    assert replies["none"].found == ()
    for name in ("text", "photos", "jarvis"):
        reply = replies[name]
        assert reply.found == (concept.name,)
        assert [stage for stage, _ in reply.stages] == ["retrieve", "load", "compose", "first"]
        assert sum(seconds for _, seconds in reply.stages) == pytest.approx(reply.first_token)
    loaded = {name: reply.loaded or 0 for name, reply in replies.items()}
    assert (loaded["none"], loaded["text"]) == (0, text)
    assert text + 0.5 * files < loaded["photos"] < text + 2 * files  # the store writes PNG anew
    stored = {name: memory.stored().get(concept.name, 0) for name, memory in memories.items()}
    assert stored["none"] == 0 < stored["text"] < stored["photos"] < stored["jarvis"]
    # Keys and values of two layers' heads and more, of some hundred rows: far more than their photos.
    assert loaded["jarvis"] > loaded["photos"]


def test_told_who_is_meant_nobody_is_looked_for(
    memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    item = some(data, "text", "fact")[0]
    other = next(one.name for one in data.concepts if one.id != item.concepts[0])
    query = disguise.query(Asked(item, 0))
    for name in ("text", "photos", "jarvis"):
        asked = Query(query.id, query.task, query.form, query.question, query.prompt, told=(other, "Nobody"))
        assert memories[name].answer(asked).found == (other,)


def facts_known(memory: BenchMemory, one: Introduction) -> int:
    """To how many of five questions the answer is what the notes say."""
    known = 0
    for key, values in FACTS.items():
        question = FACT_QUESTIONS[key][0].format(n=one.name)
        said = memory.answer(Query("q", "text", "open", question, question)).text
        known += any(holds_phrase(one.notes, value) and holds_phrase(said, value) for value in values)
    return known


@pytest.mark.parametrize("name", ["text", "photos", "jarvis"])
def test_what_is_told_later_is_known(name: str, models: Models, disguise: Disguise) -> None:
    one, *rest = disguise.introductions(disguise.dataset.concepts)
    bare = Introduction(one.name, "", "", one.photos[:1])
    silent = Introduction("Nobodi", "", "Nobodi likes rice.", ())
    with opened(name, models, (bare, *rest, silent)) as memory:
        before = memory.stored()[one.name]
        assert facts_known(memory, one) <= 1  # by a guess
        assert isinstance(memory, Updating)
        memory.update(Introduction(one.name, "", one.notes, one.photos[1:]))
        assert facts_known(memory, one) >= 4
        assert memory.stored()[one.name] > before
        assert "Nobodi" not in memory.stored()


def asked(form: Form, *options: str) -> Query:
    return Query("q", "text", form, "Who is it?", "Who is it?\nA. ...", tuple(options))


@pytest.mark.parametrize(
    ("form", "options", "said", "told"),
    [
        ("yes_no", (), "Bo is a red cat. I see a red cat, yes. Bo is here.", "Yes"),
        ("yes_no", (), "Bo is a red cat. I see a red dog, no. Bo is not here.", "No"),
        ("yes_no", (), "Bo is unknown to me.", "Bo is unknown to me."),
        ("choice", ("plums", "nuts"), "Bo likes nuts.", "B"),
        ("choice", ("plums", "nuts"), "Bo likes plums and nuts.", "Bo likes plums and nuts."),
        ("choice", ("Bo", "a stranger"), "A red cat. Like a red cat: Bo. It is a stranger.", "B"),
        ("caption", (), "A cat. Like a cat: Bo. It is a stranger. A dog. It is Mimi.", "a stranger, Mimi"),
        ("open", (), "Bo likes plums: no. Mimi likes nuts: yes.", "Mimi"),
        ("open", (), "Bo was born in May: yes. Mimi was born in June: no.", "Bo"),
        ("open", (), "Bo has a red star. Mimi has a red star: yes, the same.", None),
        ("open", (), "Bo likes plums.", "Bo likes plums."),
    ],
)
def test_pocket_says_its_verdict_last(
    form: Form, options: tuple[str, ...], said: str, told: str | None
) -> None:
    query = asked(form, *options)
    assert PocketVoice().told(query, said) == (said if told is None else told)
    assert PocketVoice().asked(query) == "Who is it?"


def test_other_models_are_asked_in_full() -> None:
    assert isinstance(voice_of("Qwen/Qwen3-VL-2B-Instruct"), PlainVoice)
    assert PlainVoice().asked(asked("choice", "a", "b")) == "Who is it?\nA. ..."
    assert PlainVoice().told(asked("choice", "a", "b"), "B.") == "B."
    assert isinstance(voice_of("pocket"), PocketVoice)


def test_a_model_from_a_folder_is_asked_plainly(disguise: Disguise) -> None:
    folder = Path(str(resources.files("jarvis_pocket"))) / "weights" / "vlm"
    models = Models(str(folder), device="cpu", photo_side=64)
    assert (models.voice.name, models.photo_vlm.patch_side) == ("plain", 64)
    item = some(disguise.dataset, "text", "fact", "choice")[0]
    query = disguise.query(Asked(item, 0))
    with opened("photos", models, disguise.introductions(disguise.dataset.concepts)) as memory:
        reply = memory.answer(query)
    said = models.voice.told(query, reply.text)
    assert said == reply.text != ""
    assert reply.found  # by its name in the question, not by the options
    # Other weights, sizes or words are another run.
    assert make_method("photos", models).settings["photo side"] == 64
    assert make_method("photos", models).settings["model"] == str(folder)


def test_methods_by_their_words(models: Models) -> None:
    method = make_method("jarvis:mode=link:selector=full", models)
    assert method.name == "jarvis-link-full"
    assert (method.settings["mode"], method.settings["selector"]) == ("link", "full")
    with pytest.raises(SettingError, match=r"no method 'magic'; there are .*jarvis"):
        make_method("magic", models)
    with pytest.raises(SettingError, match="text has no option 'mode=link'; it has none"):
        make_method("text:mode=link", models)
    with pytest.raises(SettingError, match="jarvis has no option 'mode'; it has mode, selector"):
        make_method("jarvis:mode", models)


def test_segments_of_whole_photos(models: Models, disguise: Disguise, tmp_path: Path) -> None:
    told = disguise.introductions(disguise.dataset.concepts)
    item = some(disguise.dataset, "text", "fact")[0]
    with opened("jarvis:mode=exact:selector=full", models, told) as memory:
        assert marked(memory, disguise, item).right


def test_thresholds_are_told_so_that_runs_of_others_never_mix() -> None:
    models = Models(device="cpu")
    before = models.finding["thresholds"]
    assert before == Models(device="cpu").finding["thresholds"]
    tuning = models.tuning
    assert tuning.bank is not None
    changes: list[dict[str, Any]] = [
        {"least_relevance": 0.002},
        {"retriever": replace(tuning.retriever, k=tuning.retriever.k + 1)},
        {"bank": tuning.bank[:-1]},
    ]
    found = {before}
    for change in changes:
        models.tuning = replace(tuning, **change)
        found.add(models.finding["thresholds"])
    assert len(found) == 4
