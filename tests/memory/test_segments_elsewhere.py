"""A memory whose segments lie on a fast disk, and whose store keeps those that pay."""

from __future__ import annotations

from pathlib import Path

from jarvis_memory import PersonalMemory, Tiers
from jarvis_memory.cost_model import Keeping, Place, Prices
from jarvis_pocket.exam import Exam
from tests.memory.conftest import Opener

DEAR = Keeping(Place("store", gb_month=1e9), Prices(device_hour=1.0))


def fill(memory: PersonalMemory, exam: Exam) -> None:
    for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
        memory.remember(concept.name, list(photos), notes)


def test_answers_come_from_the_disk_where_the_store_keeps_nothing(
    opened: Opener, exam: Exam, tmp_path: Path
) -> None:
    with Tiers(ram_bytes=2**20, disk=tmp_path / "tier", keeping=DEAR) as tiers:
        memory = opened(segments=tiers)
        fill(memory, exam)
        asked = [f"What does {concept.name} like?" for concept in exam.concepts]
        answers = [memory.ask(text).text for text in asked]
        assert memory._store.usage().segments == 0
        memory.close()
    again = Tiers(disk=tmp_path / "tier", keeping=DEAR)
    memory = opened(segments=again)
    assert [memory.ask(text).text for text in asked] == answers
    assert memory.loads.misses == 0
    assert again.reports()[0].hits > 0
    name = exam.concepts[0].name
    memory.update(name, about=f"{name} likes rain.")
    assert memory._engine.keeper.get(memory.show(name)).segment.token_ids == memory.node.segment_ids(
        name, *_text_and_patches(memory, name)
    )
    for concept in exam.concepts:
        memory.forget(concept.name)
    assert not [path for path in (tmp_path / "tier").rglob("*") if path.is_file() and path.name != "segments"]


def _text_and_patches(memory: PersonalMemory, name: str) -> tuple[str, int]:
    from jarvis_memory.profile import profile_text

    concept = memory.show(name)
    return profile_text(concept.profile), len(concept.now.patches)


def test_by_default_nothing_is_anywhere_else(opened: Opener) -> None:
    from jarvis_memory.store import FileSegmentCache

    assert isinstance(opened()._store._segments, FileSegmentCache)
