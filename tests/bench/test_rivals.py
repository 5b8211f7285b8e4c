"""Published methods without training on Pocket: what each of them keeps, tells the model, and decides by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch

from jarvis_agents.collaboration import Claim, Remembered, Report
from jarvis_bench import BenchMemory, Dataset, Disguise, Introduction, Item, Query, Updating, mark_answer
from jarvis_bench.disguise import Asked
from jarvis_bench.item import Form
from jarvis_bench.methods import Models, make_method
from jarvis_bench.methods.ego import EgoMemory, EgoMethod
from jarvis_bench.methods.r2p import R2PMemory
from jarvis_bench.methods.record import Record
from jarvis_bench.methods.slc import SLCMethod, large_prompt
from jarvis_bench.methods.yes_share import yes_share
from jarvis_bench.pocket import Size, draw_split
from jarvis_bench.reading import holds_phrase
from jarvis_memory.concept import Concept
from jarvis_memory.kv import Inputs, Mode
from jarvis_memory.profile import profile_text
from jarvis_memory.selecting import even_tokens, strongest_tokens
from jarvis_memory.vlm import Excerpt, SegmentSource
from jarvis_retrievers.errors import SettingError

RIVALS = ("ego", "pekit", "r2p", "slc")


@pytest.fixture(scope="module")
def models() -> Models:
    return Models(device="cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_split("heldout", tmp_path_factory.mktemp("data"), size=Size(4, pictures=3, questions=2))


@pytest.fixture(scope="module")
def disguise(data: Dataset) -> Disguise:
    return Disguise(data, 0)


@pytest.fixture(scope="module")
def told(disguise: Disguise) -> tuple[Introduction, ...]:
    return tuple(disguise.introductions(disguise.dataset.concepts))


@pytest.fixture(scope="module")
def memories(models: Models, told: tuple[Introduction, ...]) -> Iterator[Mapping[str, BenchMemory]]:
    opened = {name: make_method(name, models).open(told) for name in RIVALS}
    yield opened
    for memory in opened.values():
        memory.close()


@pytest.fixture(scope="module")
def record(models: Models, told: tuple[Introduction, ...]) -> Iterator[Record]:
    kept = Record(models, told)
    yield kept
    kept.close()


def some(data: Dataset, task: str, kind: str, form: Form = "open") -> list[Item]:
    return [item for item in data.items if (item.task, item.kind, item.form) == (task, kind, form)]


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
    there = [item for item in here if item.answer == "yes"]
    away = [item for item in here if item.answer == "no"][: len(there)]
    assert share(memories[name], disguise, there + away) >= 0.75


@pytest.mark.parametrize("name", RIVALS)
def test_who_is_named_in_an_answer_about_a_picture(
    name: str, memories: Mapping[str, BenchMemory], data: Dataset, disguise: Disguise
) -> None:
    items = [item for item in data.items if item.task == "caption"] + some(data, "vqa", "who")
    assert share(memories[name], disguise, items) > 0
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
        assert memory.stored()[one.name] > before
        assert "Nobodi" not in memory.stored()
        said = memory.answer(Query("q", "text", "open", question, question))
        assert holds_phrase(said.text, "plums")
    finally:
        memory.close()


def ego(keep: str, models: Models, one: Introduction) -> EgoMemory:
    return EgoMemory(EgoMethod(models, keep), [one])


def whole(models: Models, record: Record, concept: Concept) -> Inputs:
    """All of a concept's photos as the model reads them, embeddings in 16 bits."""
    photos = tuple(Excerpt(photo) for photo in record.photos(concept))
    source = SegmentSource(concept.name, profile_text(concept.profile), (), photos)
    read = models.vlm.parts.concepts.read(source)[1]
    return Inputs(read.token_ids, read.positions, read.features.bfloat16().to(read.features))


def test_ego_with_all_tokens_is_a_prefill_of_the_photos(
    models: Models, told: tuple[Introduction, ...], record: Record
) -> None:
    memory, node = ego("full", models, told[0]), models.vlm
    (concept,) = record.known([told[0].name])
    oracle = node.parts.concepts.exact(node.prefix, [whole(models, record, concept)])
    kept = node.parts.concepts.exact(node.prefix, [memory.inputs(concept.name)])
    assert kept.token_ids == oracle.token_ids
    assert torch.equal(kept.keys, oracle.keys)
    assert torch.equal(kept.values, oracle.values)
    # Sixteen bits of the embeddings are close to all of them.
    photos = tuple(Excerpt(photo) for photo in record.photos(concept))
    source = SegmentSource(concept.name, profile_text(concept.profile), (), photos)
    exact = node.context([source], Mode.EXACT)
    assert torch.allclose(kept.keys, exact.keys, atol=0.1)
    memory.close()


def test_ego_keeps_evenly_spread_tokens(
    models: Models, told: tuple[Introduction, ...], record: Record
) -> None:
    memory, node = ego("uniform", models, told[0]), models.vlm
    (concept,) = record.known([told[0].name])
    features, at, chosen = whole(models, record, concept).features, 0, list[int]()
    for photo in record.photos(concept):
        rows, columns, tokens = node.sight.cells(photo)
        chosen += [at + i for i in even_tokens(rows, columns, round(0.2 * rows * columns))]
        at += tokens
    assert torch.equal(memory.inputs(concept.name).features.float(), features[:, chosen].float())
    memory.close()


def test_ego_keeps_what_keywords_attend_to(
    models: Models, told: tuple[Introduction, ...], record: Record
) -> None:
    method = EgoMethod(models)
    memory, node = EgoMemory(method, [told[0]]), models.vlm
    (concept,) = record.known([told[0].name])
    kept = memory.inputs(concept.name).features.float()
    features, at, chosen, counts = whole(models, record, concept).features.float(), 0, list[int](), 0
    words = memory.keywords(concept.name)
    assert len(words) >= 2
    for photo in record.photos(concept):
        rows, columns, tokens = node.sight.cells(photo)
        looked = node.sight.attention(photo, concept.name, words).numpy()
        importance = looked[list(method.layers), : rows * columns].mean(axis=0)
        most = round(0.2 * rows * columns)
        counts += most
        chosen += [at + i for i in strongest_tokens(importance.tolist(), most)]
        at += tokens
    # The subject's area may leave fewer than a fifth; here it fills most of a photo.
    assert kept.shape[1] == counts
    assert torch.equal(kept, features[:, chosen])
    bytes_of = memory.stored()[concept.name]
    assert 2 * kept.numel() < bytes_of < 2 * features.numel() + 20_000
    memory.close()


def test_ego_of_keywords_has_no_picture(models: Models, told: tuple[Introduction, ...]) -> None:
    memory = ego("keywords", models, told[0])
    inputs = memory.inputs(told[0].name)
    text = models.vlm.parts.encoder.decode(list(inputs.token_ids))
    assert inputs.seen == 0
    assert all(word.split()[-1] in text for word in memory.keywords(told[0].name))
    assert f"{told[0].name} wears" in text
    memory.close()


def test_a_fingerprint_is_told_in_sentences(
    memories: Mapping[str, BenchMemory], told: tuple[Introduction, ...]
) -> None:
    memory = memories["r2p"]
    assert isinstance(memory, R2PMemory)
    made = memory.fingerprint(told[0].name)
    assert len(made.lines) == len(made.phrases) == len(made.attributes) == 3
    for line, phrase, attribute in zip(made.lines, made.phrases, made.attributes, strict=True):
        assert line.startswith(told[0].name)
        assert phrase in line
        assert attribute.endswith(phrase)


def test_yes_is_weighed_where_the_verdict_stands(
    models: Models, record: Record, data: Dataset, disguise: Disguise
) -> None:
    here = [item for item in data.items if item.task == "recognition"]
    for item in (
        next(one for one in here if one.answer == "yes"),
        next(one for one in here if one.answer == "no"),
    ):
        query = disguise.query(Asked(item, 0), told=True)
        (concept,) = record.find(query)
        pictures = record.crops(concept, models.vlm.patch_side)
        context = models.vlm.context([SegmentSource(concept.name, "", pictures)], Mode.EXACT)
        said = models.vlm.generate(context, f"Is {concept.name} in the picture?", query.images, 256).text
        # Decoding is greedy, so that the likelier word is the one that is said.
        assert (yes_share(models, context, concept.name, query.images) > 0.5) == ("is not here" not in said)


def test_yes_of_a_model_that_follows_instructions(record: Record) -> None:
    folder = Path(str(resources.files("jarvis_pocket"))) / "weights" / "vlm"
    plain = Models(str(folder), device="cpu", photo_side=64)
    node, concept = plain.vlm, record.concepts()[0]
    context = node.context([SegmentSource(concept.name, profile_text(concept.profile))], Mode.EXACT)
    asked = f"Is {concept.name} in the picture? Answer with Yes or No only."
    images = record.photos(concept)[:1]
    logits = node.first_logits(context, asked, images).numpy().astype(np.float64)
    weights = np.exp(logits - logits.max())
    tokens = [node.parts.encoder.encode(word)[0] for word in ("Yes", "yes", "No", "no")]
    yes, no = weights[tokens[:2]].sum(), weights[tokens[2:]].sum()
    assert yes_share(plain, context, concept.name, images) == pytest.approx(yes / (yes + no), rel=1e-4)


def test_the_report_stands_before_the_question(record: Record) -> None:
    concept = record.concepts()[0]
    report = Report(claims=(Claim(concept=concept.name, picture=1, present=True),))
    known = [(concept, Remembered(("hat: blue hat",), ("blue hat",), ()))]
    text = large_prompt("Who is it?\nA. Bo\nB. Mimi", report, known)
    said = report.model_dump(mode="json")
    assert f'"concept": "{said["claims"][0]["concept"]}", "picture": 1, "present": true' in text
    assert "hat: blue hat" in text
    assert "Who is it?" in text
    assert text.index('"question"') < text.index("Answer the question now")


def test_a_large_model_of_another_kind_gets_the_report(
    models: Models, data: Dataset, disguise: Disguise, told: tuple[Introduction, ...]
) -> None:
    folder = str(Path(str(resources.files("jarvis_pocket"))) / "weights" / "vlm")
    method = SLCMethod(models, large=folder)
    assert method.large_models.voice.name == "plain"
    assert method.settings["large model"] == folder
    memory = method.open(told[:1])
    item = some(data, "text", "fact")[0]
    try:
        reply = memory.answer(disguise.query(Asked(item, 0)))
        assert reply.text
        assert [stage for stage, _ in reply.stages] == ["retrieve", "report", "compose", "first"]
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
