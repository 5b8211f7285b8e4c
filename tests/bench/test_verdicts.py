"""What methods decide by: fingerprints, a yes-or-no by its logits, and a report before a question."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from jarvis_agents.collaboration import Claim, Remembered, Report
from jarvis_bench import Dataset, Disguise, Introduction
from jarvis_bench.disguise import Asked
from jarvis_bench.methods import Models
from jarvis_bench.methods.fingerprint import fingerprint_of
from jarvis_bench.methods.record import Record
from jarvis_bench.methods.slc import SLCMethod, large_prompt
from jarvis_bench.methods.yes_share import yes_share
from jarvis_bench.pocket import Size, draw_split
from jarvis_memory.kv import Mode
from jarvis_memory.profile import profile_text
from jarvis_memory.vlm import SegmentSource
from tests.bench.worlds import some


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_split("heldout", tmp_path_factory.mktemp("data"), size=Size(4, pictures=3, questions=1))


def test_a_fingerprint_is_told_in_sentences(models: Models, record: Record) -> None:
    concept = record.concepts()[0]
    pictures = record.crops(concept, models.vlm.patch_side)
    made = fingerprint_of(models.vlm, concept.name, concept.profile.facts, pictures)
    assert len(made.lines) == len(made.phrases) == len(made.attributes) == 3
    for line, phrase, attribute in zip(made.lines, made.phrases, made.attributes, strict=True):
        assert line.startswith(concept.name)
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
