"""What leaves the machine, seen by a large model that keeps every block of every call."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from jarvis_agents.collaboration import Collaborated, Collaboration, Look, Reflection, Scene
from jarvis_agents.collaboration.sharing import shown
from jarvis_memory import PersonalMemory
from jarvis_pocket.exam import Exam
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.retrieval import Sighting

from .large import NONE, Recording

WHO = 2


def asked(shared: PersonalMemory, exam: Exam, share: str, *, picture: bool) -> tuple[Recording, Collaborated]:
    large = Recording(replies=[NONE, "ok"] if picture else ["ok"])
    item = exam.items[WHO if picture else 0]
    images = [item.image] if item.image is not None else []
    return large, Collaboration(shared, large, share=share).answer(item.question.text, images)


def opened(block: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(block["base64"])))


@pytest.mark.parametrize("picture", [True, False])
def test_by_default_nothing_but_text_leaves(shared: PersonalMemory, exam: Exam, picture: bool) -> None:
    large, done = asked(shared, exam, "text", picture=picture)
    assert large.blocks
    assert all(set(block) == {"type", "text"} and block["type"] == "text" for block in large.blocks)
    assert not any("base64" in block["text"] for block in large.blocks)
    assert (done.shared.share, done.shared.images) == ("text", ())
    assert done.shared.characters == sum(len(block["text"]) for block in large.blocks)


def test_crops_are_regions_and_patches_and_never_a_whole_picture(shared: PersonalMemory, exam: Exam) -> None:
    large, done = asked(shared, exam, "crops", picture=True)
    there = {claim.concept for claim in done.report.claims if claim.present}
    assert there
    sent_of = {(one.what, one.concept) for one in done.shared.images}
    assert sent_of <= {(what, name) for what in ("region", "patch") for name in there}
    assert {what for what, _ in sent_of} == {"region", "patch"}
    assert len(large.images) == 2 * len(done.shared.images)  # the second call repeats the conversation
    question = exam.items[WHO].image
    assert question is not None
    photos = [photo for own in exam.photos for photo in own]
    for block in large.images:
        sent = opened(block).convert("RGB")
        assert all(sent.tobytes() != whole.convert("RGB").tobytes() for whole in (question, *photos))


def test_a_crop_that_is_nearly_the_whole_picture_stays(shared: PersonalMemory) -> None:
    concept = shared.list()[0]
    photo = concept.photos[0]
    whole = concept.model_copy(
        update={
            "patches": tuple(
                patch.model_copy(update={"photo_id": photo.id, "box": Box(0, 0, photo.width, photo.height)})
                for patch in concept.patches
            )
        }
    )
    box = Box(0, 0, 96, 100)
    scene = Scene(
        1, Image.new("RGB", (100, 100)), {concept.name: Sighting("", 0.9, 0.8, (0, box), 1, "seen")}
    )
    there = Reflection(concept.name, 1, Look("asked", True), (), True, None)
    assert shown("crops", shared, [scene], [there], [whole]) == []


def test_photos_are_the_picture_and_a_photo_of_each_who_is_there(shared: PersonalMemory, exam: Exam) -> None:
    large, done = asked(shared, exam, "photos", picture=True)
    there = {claim.concept for claim in done.report.claims if claim.present}
    first, *rest = done.shared.images
    assert (first.what, first.concept) == ("picture", None)
    assert {(one.what, one.concept) for one in rest} == {("photo", name) for name in there}
    question = exam.items[WHO].image
    assert question is not None
    sent = opened(large.images[0]).convert("RGB")
    assert sent.tobytes() == question.convert("RGB").tobytes()
    away = {concept.name for concept in exam.concepts} - there
    assert not any(one.concept in away for one in rest)


def test_a_photo_of_whom_a_question_without_picture_names(shared: PersonalMemory, exam: Exam) -> None:
    large, done = asked(shared, exam, "photos", picture=False)
    assert [one.concept for one in done.shared.images] == [exam.items[0].question.about[0]]
    assert len(large.images) == 1


def test_profiles_of_those_who_are_absent_and_not_asked_about_stay(
    shared: PersonalMemory, exam: Exam
) -> None:
    large, done = asked(shared, exam, "text", picture=True)
    away = [claim.concept for claim in done.report.claims if not claim.present]
    assert away
    notes = {name: shared.show(name).profile.facts for name in away}
    said = large.texts("human")
    assert not any(fact in said for facts in notes.values() for fact in facts)
