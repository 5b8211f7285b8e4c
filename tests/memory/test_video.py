"""Videos that are remembered and asked about: what is done with frames is what is done with pictures."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jarvis_memory import VLM, Answer, PersonalMemory
from jarvis_memory.viewing import VIEWED_FRAMES
from jarvis_memory.vlm import Query
from jarvis_pocket.exam import Exam
from jarvis_pocket.scene import draw_scene
from jarvis_pocket.telling import Shown
from jarvis_retrievers.errors import ImageError, InputError, VideoError
from jarvis_retrievers.frames import sample_frames
from tests.clips import Frame, encoded, flat
from tests.memory.conftest import Opener

QUESTION = "Who is in the picture?"


def pixels(image: Image.Image) -> Frame:
    return np.asarray(image.convert("RGB"))


def film(frames: list[Image.Image], each: int = 4) -> bytes:
    """Pictures one after the other, half a second each, without loss."""
    return encoded([pixels(frame) for frame in frames for _ in range(each)])


@pytest.fixture(scope="module")
def scenes(exam: Exam) -> list[Image.Image]:
    """The first and the second of the exam's concepts, then the first and the third."""
    rng = random.Random("film")
    first, second, third = (Shown(one.look, one.name) for one in exam.concepts)
    return [draw_scene(rng, [first, other]).image for other in (second, third)]


def test_frames_are_remembered_as_photos_are(opened: Opener, exam: Exam, tmp_path: Path) -> None:
    name, photos, notes = exam.concepts[0].name, list(exam.photos[0]), exam.notes[0]
    data = film(photos)
    memory = opened()
    kept = memory.remember(name, about=notes, videos=[data])
    plain = opened("ben").remember(name, photos, notes)
    assert kept.profile == plain.profile
    assert [(p.box, p.score) for p in kept.patches] == [(p.box, p.score) for p in plain.patches]
    frames = sample_frames(data, 6)
    assert [photo.moment and photo.moment.seconds for photo in kept.photos] == pytest.approx(frames.times)
    assert {photo.moment and photo.moment.video for photo in kept.photos} == {frames.video}
    for photo, given in zip(kept.photos, photos, strict=True):
        assert np.array_equal(pixels(memory.photo(photo.id)), pixels(given))
    assert [photo.moment for photo in plain.photos] == [None, None]
    # The video itself is nowhere.
    stored = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not any(data[64:160] in one for one in stored)
    assert PersonalMemory.open(tmp_path / "home", owner="ana", read_only=True).show(name) == kept


def test_a_video_is_added_once(opened: Opener, exam: Exam) -> None:
    name, (one, other) = exam.concepts[0].name, exam.photos[0]
    memory = opened()
    memory.remember(name, [one], exam.notes[0])
    data = film([one, other])
    grown = memory.update(name, videos=[data])
    # The first frame is the photo that was there: it is of no video.
    assert [photo.moment is None for photo in grown.photos] == [True, False]
    again = memory.update(name, videos=[data])
    assert [p.digest for p in again.photos] == [p.digest for p in grown.photos]
    assert again.moments == grown.moments
    assert memory.update(name, about="It likes rain.").moments == grown.moments


def test_a_photo_beside_a_video_that_shows_it_is_a_photo(opened: Opener, exam: Exam) -> None:
    one, other = exam.photos[0]
    kept = opened().remember(exam.concepts[0].name, [one], videos=[film([one, other])])
    assert [photo.moment is None for photo in kept.photos] == [True, False]


@pytest.mark.parametrize("spoilt", [b"no video", film([Image.new("RGB", (64, 48))])[:90]])
def test_a_broken_video_changes_nothing(household: PersonalMemory, exam: Exam, spoilt: bytes) -> None:
    before, name = household.list(), exam.concepts[0].name
    with pytest.raises(VideoError):
        household.remember("Rex", exam.photos[0], videos=[spoilt])
    with pytest.raises(VideoError):
        household.update(name, videos=[spoilt])
    with pytest.raises(VideoError):
        household.ask(QUESTION, video=spoilt)
    with pytest.raises(VideoError):
        household.stream(QUESTION, video=spoilt)
    assert household.list() == before


def test_what_cannot_be_is_said(opened: Opener) -> None:
    memory, data = opened(), film([Image.new("RGB", (64, 48))])
    with pytest.raises(InputError, match=r"write videos=\[\.\.\.\]"):
        memory.remember("Rex", videos="a.mp4")
    with pytest.raises(ImageError, match="at least one photo"):
        memory.remember("Rex")
    with pytest.raises(InputError, match="nothing to update"):
        memory.update("Rex")
    with pytest.raises(InputError, match="blank"):
        memory.ask(" ", video=data)


def test_pocket_is_asked_about_each_frame(household: PersonalMemory, scenes: list[Image.Image]) -> None:
    data = film(scenes)
    frames = sample_frames(data, VIEWED_FRAMES)
    answer = household.ask(QUESTION, video=data)
    alone = household.ask_many([QUESTION] * 2, [[image] for image in frames.images])
    assert [one.text for one in answer.glimpses] == [one.text for one in alone]
    assert [one.concepts for one in answer.glimpses] == [one.concepts for one in alone]
    assert [one.seconds for one in answer.glimpses] == [(time,) for time in frames.times]
    assert set(answer.concepts) == {name for one in alone for name in one.concepts}
    assert answer.text.splitlines() == [
        f"At {time:.1f} s: {one.text}" for time, one in zip(frames.times, alone, strict=True)
    ]
    # Where somebody was seen in a frame, the evidence says when.
    for place, (time, one) in enumerate(zip(frames.times, alone, strict=True)):
        seen = {(e.concept, e.region) for e in one.evidence if e.region is not None}
        assert {(e.concept, e.region) for e in answer.evidence if e.image == place} == seen
        assert {e.seconds for e in answer.evidence if e.image == place} <= {time}
    told = list(household.tell(QUESTION, video=data))
    assert isinstance(told[-1], Answer)
    assert "".join(piece for piece in told if isinstance(piece, str)) == told[-1].text == answer.text


def test_what_is_said_again_is_one_line(household: PersonalMemory, exam: Exam) -> None:
    frames = [Image.new("RGB", (384, 192), colour) for colour in ((200, 190, 180), (90, 100, 110))]
    name = exam.concepts[0].name
    answer = household.ask(f"What emblem does {name} have?", video=film(frames), only=[name])
    texts = {one.text for one in answer.glimpses}
    assert len(answer.glimpses) == 2
    assert len(answer.text.splitlines()) == len(texts)
    if len(texts) == 1:
        first, last = (one.seconds[0] for one in answer.glimpses)
        assert answer.text.startswith(f"At {first:.1f} to {last:.1f} s: ")


def several(vlm: VLM) -> VLM:
    """The same model, as if it read several pictures at once."""
    settings = vlm.settings.model_copy(update={"question_images": 16})
    return VLM(vlm._model, vlm.parts.processor, vlm.name, settings=settings, measured=vlm.measured)


def test_a_model_of_several_pictures_sees_all_frames_behind_one_question(
    opened: Opener, vlm: VLM, exam: Exam, scenes: list[Image.Image]
) -> None:
    memory, name = opened(model=several(vlm)), exam.concepts[0].name
    memory.remember(name, exam.photos[0], exam.notes[0])
    data = film(scenes)
    frames = sample_frames(data, VIEWED_FRAMES)
    question = f"Is {name} here?"
    answer = memory.ask(question, video=data)
    note = f"(Frames of a video, at {frames.times[0]:.1f}, {frames.times[1]:.1f} seconds.)"
    plain = memory.ask(f"{question} {note}", frames.images, only=[name])
    assert answer.text == plain.text
    assert [one.seconds for one in answer.glimpses] == [frames.times]
    assert answer.usage.computed == plain.usage.computed
    assert "".join(memory.stream(question, video=data)) == answer.text
    assert {e.seconds for e in answer.evidence if e.image is not None} <= set(frames.times)


def test_frames_that_crowd_the_window_are_fewer(
    opened: Opener, vlm: VLM, exam: Exam, scenes: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = several(vlm)
    memory, name = opened(model=model), exam.concepts[0].name
    memory.remember(name, exam.photos[0], exam.notes[0])
    data = film([*scenes, *scenes])
    assert len(sample_frames(data, VIEWED_FRAMES).stills) == 4
    assert len(memory.ask(f"Is {name} here?", video=data, max_new_tokens=16).glimpses[0].seconds) == 4
    images = sample_frames(data, VIEWED_FRAMES).images
    taken = model.window - model.room(Query(None, f"Is {name} here?", images, 16))
    monkeypatch.setattr(VLM, "window", property(lambda _: int(1.6 * taken)))
    seconds = memory.ask(f"Is {name} here?", video=data, max_new_tokens=16).glimpses[0].seconds
    assert 1 <= len(seconds) < 4
    assert list(seconds) == sorted(seconds)


def test_recall_and_why_tell_the_time(household: PersonalMemory, scenes: list[Image.Image]) -> None:
    data = film(scenes)
    times = sample_frames(data, VIEWED_FRAMES).times
    found = household.recall(video=data)
    assert found
    for one in found:
        assert one.region is not None
        assert one.seconds == times[one.region[0]]
    told = household.why(images=[scenes[0]], video=data)
    assert told.times == (None, *times)
    assert household.why(images=[scenes[0]]).times == ()
    assert all(one.seconds is None for one in household.recall(images=[scenes[0]]))


async def test_the_same_in_threads(opened: Opener, exam: Exam) -> None:
    memory, name = opened(), exam.concepts[0].name
    data = film(list(exam.photos[0]))
    kept = await memory.aremember(name, about=exam.notes[0], videos=[data])
    assert len(kept.photos) == 2
    asked = f"What emblem does {name} have?"
    assert (await memory.aask(asked, video=data)).text == memory.ask(asked, video=data).text
    assert (await memory.arecall(video=data))[0].name == name
    assert len((await memory.aupdate(name, videos=[film([flat_image()])])).photos) == 3


def flat_image() -> Image.Image:
    return Image.fromarray(flat((10, 200, 30), (128, 128)))
