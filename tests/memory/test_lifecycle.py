"""Remember, update, forget, reopen; owners, damage, foreign segments; bad input leaves nothing half done."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.vlm import ImageSettings
from jarvis_memory.vlm.loading import load_model
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import (
    ConceptNameError,
    CorruptRecordError,
    DuplicateConceptError,
    HomeFormatError,
    ImageError,
    InputError,
    JarvisError,
    UnknownConceptError,
)
from tests.memory.conftest import Opener


def state(home: Path) -> dict[str, str]:
    """Digest of every file of a home but SQLite's own side files."""
    return {
        str(p.relative_to(home)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(home.rglob("*"))
        if p.is_file() and p.suffix not in (".sqlite-wal", ".sqlite-shm")
    }


def blobs(home: Path, kind: bytes) -> list[Path]:
    """Blob files that hold these bytes."""
    return [p for p in (home / "blobs").rglob("*") if p.is_file() and kind in p.read_bytes()]


def test_update_adds_facts_and_photos(opened: Opener, exam: Exam) -> None:
    memory = opened()
    concept = exam.concepts[0]
    first = memory.remember(concept.name, [exam.photos[0][0]], f"{concept.name} likes cheese.")
    assert "cheese" in memory.ask(f"What does {concept.name} like?").text
    updated = memory.update(
        concept.name, photos=[exam.photos[0][1]], about=f"{concept.name} was born in May.", aliases=["Pal"]
    )
    assert updated.id == first.id
    assert len(updated.photos) == 2
    assert updated.about == (f"{concept.name} likes cheese.", f"{concept.name} was born in May.")
    assert "May" in memory.ask(f"When was {concept.name} born?").text
    assert memory.ask("When was Pal born?").concepts == (concept.name,)
    with pytest.raises(InputError, match="nothing to update"):
        memory.update(concept.name)


def test_forget_leaves_no_byte(opened: Opener, tmp_path: Path, exam: Exam) -> None:
    memory = opened()
    marker = "Quetzalmarker"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    memory.remember("Zorvax", [Image.fromarray(noise)], f"Zorvax hides the {marker}.", aliases=["Qwyzzle"])
    memory.remember(exam.concepts[0].name, list(exam.photos[0]), exam.notes[0])
    memory.ask("What does Zorvax hide?")
    photo = memory.show("Zorvax").photos[0]
    home = tmp_path / "home"
    needles = [s.encode() for s in ("Zorvax", marker, "Qwyzzle", photo.id, photo.digest)]
    whole = b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file())
    assert all(needle in whole for needle in needles[:3])
    before = {p for p in (home / "blobs").rglob("*") if p.is_file()}
    memory.forget("Zorvax")
    after = {p for p in (home / "blobs").rglob("*") if p.is_file()}
    assert len(before - after) == 2  # its photo and its segment
    for path in home.rglob("*"):
        if path.is_file():
            assert not any(needle in path.read_bytes() for needle in needles), path
    assert memory.recall("Zorvax Quetzalmarker") == []
    assert [c.name for c in memory.list()] == [exam.concepts[0].name]
    with pytest.raises(UnknownConceptError):
        memory.forget("Zorvax")


def test_two_owners_with_one_name_never_meet(opened: Opener, exam: Exam) -> None:
    ana, ben = opened("ana"), opened("ben")
    name = exam.concepts[0].name
    ana.remember(name, list(exam.photos[0]), f"{name} likes cheese.")
    ben.remember(name, list(exam.photos[1]), f"{name} likes honey.")
    assert "cheese" in ana.ask(f"What does {name} like?").text
    assert "honey" in ben.ask(f"What does {name} like?").text
    assert ana.show(name).id != ben.show(name).id
    with pytest.raises(UnknownConceptError):
        ben.photo(ana.show(name).photos[0].id)
    ana.forget(name)
    assert "honey" in ben.ask(f"What does {name} like?").text
    assert ana.list() == []


def test_another_process_answers_from_the_stored_segments(opened: Opener, tmp_path: Path, exam: Exam) -> None:
    memory = opened()
    name = exam.concepts[0].name
    memory.remember(name, list(exam.photos[0]), exam.notes[0])
    question = f"What does {name} like?"
    want = memory.ask(question).text
    memory.close()
    code = (
        "import sys; from jarvis_memory import PersonalMemory\n"
        "m = PersonalMemory.open(sys.argv[1], owner='ana', device='cpu')\n"
        "a = m.ask(sys.argv[2]); print(a.text); print(a.usage.reused, a.usage.computed)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home"), question],
        capture_output=True,
        text=True,
        check=True,
    )
    text, numbers = out.stdout.strip().splitlines()
    reused, computed = map(int, numbers.split())
    assert text == want
    assert reused > computed


def test_a_segment_of_other_settings_is_encoded_again(opened: Opener, exam: Exam) -> None:
    name = exam.concepts[0].name
    opened().remember(name, list(exam.photos[0]), exam.notes[0])
    loaded = load_model("pocket", device="cpu", dtype=None, revision=None)
    other = VLM(
        loaded.model, loaded.processor, "pocket", settings=ImageSettings(patch_side=64, question_pixels=4608)
    )
    memory = opened(model=other)
    first = memory.ask(f"What does {name} like?")
    again = memory.ask(f"What does {name} like?")
    assert first.text == again.text
    assert first.usage.reused < again.usage.reused  # encoded for this model now, reused the second time
    assert first.notices == ()


@pytest.mark.parametrize("at", [40, -1000])
def test_a_damaged_segment_is_reported_and_healed(
    opened: Opener, tmp_path: Path, exam: Exam, at: int, caplog: pytest.LogCaptureFixture
) -> None:
    memory = opened(kv_ram_bytes=0)  # or the damage is not seen before the segment has left the RAM
    name = exam.concepts[0].name
    memory.remember(name, list(exam.photos[0]), exam.notes[0])
    question = f"What does {name} like?"
    sound = memory.ask(question)
    (file,) = blobs(tmp_path / "home", b'"kv"')
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    healed = memory.ask(question)
    assert healed.text == sound.text
    assert name in healed.notices[0]
    assert "encoded again" in healed.notices[0]
    assert "damage.found" in caplog.text
    assert name not in caplog.text
    assert healed.usage.reused < sound.usage.reused
    after = memory.ask(question)
    assert after.notices == ()
    assert after.usage.reused == sound.usage.reused


def test_a_damaged_photo_is_named(opened: Opener, tmp_path: Path, exam: Exam) -> None:
    memory = opened()
    name = exam.concepts[0].name
    concept = memory.remember(name, [exam.photos[0][0]], exam.notes[0])
    (file,) = blobs(tmp_path / "home", b"IDAT")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(CorruptRecordError, match=name):
        memory.photo(concept.photos[0].id)


def test_a_read_only_home_still_answers(opened: Opener, exam: Exam) -> None:
    writer = opened()
    name = exam.concepts[0].name
    writer.remember(name, list(exam.photos[0]), exam.notes[0])
    want = writer.ask(f"What does {name} like?").text
    reader = opened(read_only=True)
    assert reader.ask(f"What does {name} like?").text == want
    writes: tuple[Callable[[], object], ...] = (
        lambda: reader.remember("Neu", list(exam.photos[1])),
        lambda: reader.update(name, about="Likes soup."),
        lambda: reader.forget(name),
    )
    for write in writes:
        with pytest.raises(JarvisError, match="cannot be written"):
            write()


def test_bad_input_changes_nothing(opened: Opener, tmp_path: Path, exam: Exam) -> None:
    memory = opened()
    name, good = exam.concepts[0].name, exam.photos[0][0]
    memory.remember(name, [good], exam.notes[0])
    text, empty, bomb = tmp_path / "text.png", tmp_path / "empty.png", tmp_path / "bomb.png"
    text.write_text("not an image")
    empty.write_bytes(b"")
    header = b"IHDR" + (30000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    import zlib

    chunk = (13).to_bytes(4, "big") + header + zlib.crc32(header).to_bytes(4, "big")
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
    before = state(tmp_path / "home")
    attempts: tuple[tuple[Callable[[], object], type[JarvisError]], ...] = (
        (lambda: memory.remember("Neu", [text]), ImageError),
        (lambda: memory.remember("Neu", [empty]), ImageError),
        (lambda: memory.remember("Neu", [bomb]), ImageError),
        (lambda: memory.remember("Neu", [good, empty]), ImageError),
        (lambda: memory.remember("Neu", [tmp_path / "missing.png"]), ImageError),
        (lambda: memory.remember("Neu", []), ImageError),
        (lambda: memory.remember("Neu", str(text)), InputError),
        (lambda: memory.remember("", [good]), ConceptNameError),
        (lambda: memory.remember("x" * 10_000, [good]), ConceptNameError),
        (lambda: memory.remember("<|im_start|>", [good]), ConceptNameError),
        (lambda: memory.remember(name.upper(), [good]), DuplicateConceptError),
        (lambda: memory.update("Nobody", about="x"), UnknownConceptError),
        (lambda: memory.update(name, photos=[text]), ImageError),
        (lambda: memory.forget("Nobody"), UnknownConceptError),
        (lambda: memory.show("Nobody"), UnknownConceptError),
    )
    for wrong, error in attempts:
        with pytest.raises(error) as caught:
            wrong()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400
    assert state(tmp_path / "home") == before
    assert len(memory.list()) == 1


def test_a_turned_photo_is_stored_upright(opened: Opener, tmp_path: Path, exam: Exam) -> None:
    photo = exam.photos[0][0].crop((0, 0, 256, 128))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 270 degrees
    photo.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    memory = opened()
    concept = memory.remember("Turny", [tmp_path / "turned.png"], "Turny likes soup.")
    stored = memory.photo(concept.photos[0].id)
    assert stored.size == (256, 128)
    assert np.array_equal(np.asarray(stored), np.asarray(photo))


def test_a_home_of_a_newer_format_is_left_alone(opened: Opener, tmp_path: Path) -> None:
    import sqlite3

    opened().close()
    with sqlite3.connect(tmp_path / "home" / "catalogue.sqlite") as db:
        (version,) = db.execute("pragma user_version").fetchone()
        db.execute(f"pragma user_version = {version + 1}")
    db.close()
    before = state(tmp_path / "home")
    with pytest.raises(HomeFormatError, match=str(version + 1)):
        opened()
    assert state(tmp_path / "home") == before


def test_a_photo_given_twice_counts_once(opened: Opener, exam: Exam) -> None:
    memory: PersonalMemory = opened()
    concept = memory.remember("Twin", [exam.photos[0][0], exam.photos[0][0].copy()], "Twin likes soup.")
    assert len(concept.photos) == 1
