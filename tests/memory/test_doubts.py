"""Doubts about photos and notes: told before anything is stored, which it is all the same."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_memory.doubts import photo_doubts
from jarvis_memory.finder import Finder, Likeness
from jarvis_memory.intake import Intake
from jarvis_memory.store.draft import DraftPatch
from jarvis_memory.tuning import tuned
from jarvis_pocket import scene, world
from jarvis_pocket.exam import Exam
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import ImageError, NoteWarning, PhotoWarning
from jarvis_retrievers.masker import Mask
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.memory.conftest import Opener


def room(seed: int = 0) -> Image.Image:
    return scene.background(random.Random(seed), 256, 256)


class Alike(Finder):
    """A finder that knows what it finds."""

    def __init__(self, *found: Likeness) -> None:
        self.found = list(found)

    def alike(self, vectors: np.ndarray) -> list[Likeness]:
        return self.found


def subject(photo: int, relevance: float = 0.9) -> DraftPatch:
    return DraftPatch(photo, Box(0, 0, 8, 8), relevance, 1.0, relevance, np.ones(2, np.float32))


def test_what_is_said_of_photos() -> None:
    shown = [subject(0), subject(1, 0.0004), subject(2), subject(3, 0.0009)]
    found = Alike(Likeness(0, "m", "Mimi", 0.9504, 0.93), Likeness(1, "m", "Mimi", 0.9611, 0.93))
    empty, alike = map(str, photo_doubts("Bo", shown, found, 0.001))
    assert empty.startswith(
        "photos 2 and 4 of 'Bo' show nothing of it, only background (relevance 0.0009, at least 0.001 is"
    )
    # Positions are those of the photos, not of what is left without the empty ones.
    assert alike.startswith(
        "photos 1 and 3 of 'Bo' look like 'Mimi' (cosine 0.961, from 0.930 on it is taken for 'Mimi')"
    )
    (one,) = photo_doubts("Bo", [subject(4, 0.0)], Alike(), 0.001)
    assert str(one).startswith("photo 5 of 'Bo' shows nothing")
    assert photo_doubts("Bo", [subject(0, 0.001)], Alike(), 0.001) == []


def test_the_rule_on_rooms_and_on_drawn_photos(encoder: OpenCLIPEncoder) -> None:
    """Few of the 200 and 200 that the least relevance was measured with."""
    rng, tuning = random.Random("doubts"), tuned("pocket")
    intake = Intake(encoder, tuning.miner, tuning.subjects)
    photos = [scene.draw_photo(rng, world.draw_look(rng, "heldout")).image for _ in range(8)]
    rooms = [scene.background(rng, 256, 192) for _ in range(8)]
    draft = intake.draft("Bo", (), None, [], photos + rooms, None)
    doubtful = [one.relevance < tuning.least_relevance for one in draft.subjects]
    assert doubtful == [False] * 8 + [True] * 8


def test_an_empty_room(opened: Opener, exam: Exam) -> None:
    memory = opened()
    with pytest.warns(PhotoWarning, match="photo 2 of 'Bo' shows nothing of it") as told:
        concept = memory.remember("Bo", [exam.photos[0][0], room()])
    assert len(told) == 1
    assert Path(told[0].filename).name == Path(__file__).name  # it points at the caller's own line
    assert len(concept.photos) == 2
    with pytest.warns(PhotoWarning, match="photo 3 of 'Bo' shows nothing of it"):
        memory.update("Bo", photos=[room(1)])
    # What is there already is not told again.
    memory.update("Bo", photos=[room(1)], aliases=["Pal"])
    memory.update("Bo", about="Likes soup.")


def test_a_photo_of_another_concept(household: PersonalMemory, exam: Exam) -> None:
    rng, (first, second, third) = random.Random("other"), exam.concepts
    other = scene.draw_photo(rng, second.look).image
    with pytest.warns(PhotoWarning) as told:
        household.update(first.name, photos=[other, scene.draw_photo(rng, first.look).image])
    (words,) = [str(one.message) for one in told]
    number = len(exam.photos[0]) + 1
    assert words.startswith(f"photo {number} of {first.name!r} looks like {second.name!r} (cosine 0.9")
    assert f"forget {first.name!r}" in words
    assert len(household.show(first.name).photos) == number + 1
    with pytest.warns(PhotoWarning, match=f"photo 1 of 'Twin' looks like {third.name!r}"):
        household.remember("Twin", [scene.draw_photo(rng, third.look).image])


def test_contrary_notes(household: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    with pytest.warns(NoteWarning, match=f"'{name} is 33 years old.' and '{name} is 34 years old.'"):
        household.edit(name, facts=[f"{name} is 33 years old.", f"{name} is 34 years old."])
    household.edit(name, caption="A friend.")
    with pytest.warns(NoteWarning, match="'Bo was born in May.' and 'Bo was born in June.'"):
        household.remember(
            "Bo",
            [scene.draw_photo(random.Random(4), world.draw_look(random.Random(5), "train")).image],
            "Born in May. Likes soup. He was born in June.",
        )


def test_a_warning_made_an_error_keeps_it_out(household: PersonalMemory, exam: Exam) -> None:
    before = household.list()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PhotoWarning):
            household.remember("Bo", [room()])
        with pytest.raises(NoteWarning):
            household.update(exam.concepts[0].name, about="Is 77 years old. Is 78 years old.")
    assert household.list() == before


def test_a_bad_photo_among_good_ones_stores_nothing(opened: Opener, exam: Exam, tmp_path: Path) -> None:
    memory = opened()
    good = exam.photos[0][0]
    for data, words in ((b"no photo", "not an image"), (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC")):
        with pytest.raises(ImageError, match=words):
            memory.remember("Bo", [good, data])
    assert memory.list() == []
    assert not [path for path in (tmp_path / "home" / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [(1, 90), (90, 1), (1, 1)])
@pytest.mark.filterwarnings("ignore::jarvis_retrievers.errors.PhotoWarning")
def test_the_thinnest_photos(opened: Opener, size: tuple[int, int]) -> None:
    concept = opened().remember("Line", [Image.new("RGB", size, "red")], "My line.")
    assert (concept.photos[0].width, concept.photos[0].height) == size


def test_photos_of_every_kind(opened: Opener, exam: Exam, tmp_path: Path) -> None:
    """CMYK, 16 bits of grey, an animation, transparency; one photo in two files counts once."""
    photo = exam.photos[0][0]
    photo.convert("CMYK").save(tmp_path / "cmyk.jpg")
    Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257).save(tmp_path / "deep.png")
    photo.save(tmp_path / "moving.webp", save_all=True, append_images=[room()], lossless=True)
    photo.convert("RGBA").save(tmp_path / "clear.png")
    names = ("cmyk.jpg", "deep.png", "moving.webp", "clear.png")
    memory = opened()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PhotoWarning)
        concept = memory.remember("Bo", [str(tmp_path / name) for name in names])
    assert len(concept.photos) == 3  # the animation's first frame is the photo that is laid on white


def test_a_mask_reaches_the_miner(opened: Opener, exam: Exam) -> None:
    class Left:
        def masks(self, photos: list[Image.Image], prompts: list[str]) -> list[Mask]:
            return [np.arange(p.width)[None].repeat(p.height, axis=0) < p.width / 2 for p in photos]

    photos = list(exam.photos[0])
    concept = opened(masker=Left()).remember("Bo", photos)
    widths = {photo.id: photo.width for photo in concept.photos}
    details = [p for p in concept.patches if p.box.width < 0.75 * widths[p.photo_id]]
    assert details
    assert all(p.box.left + p.box.right <= widths[p.photo_id] for p in details)
