"""The whole memory, with its model, on a cluster."""

from __future__ import annotations

import random
from pathlib import Path

from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket.exam import draw_exam
from jarvis_retrievers.openclip import OpenCLIPEncoder


def test_remember_ask_and_forget(database: str, tmp_path: Path) -> None:
    exam = draw_exam(random.Random("house"), [], "heldout")
    concept, photos = exam.concepts[0], exam.photos[0]
    vlm, encoder = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")

    def opened(home: str | Path, owner: str = "ana") -> PersonalMemory:
        blobs = tmp_path / "blobs" if isinstance(home, str) else None
        return PersonalMemory.open(home, owner=owner, blobs=blobs, model=vlm, clip=encoder)

    question = f"What does {concept.name} like?"
    with opened(database) as memory:
        added = memory.remember(concept.name, photos[:2], f"{concept.name} likes cheese.")
        said = memory.ask(question).text
        assert "cheese" in said
    with opened(database) as memory, opened(database, "ben") as other:
        # From stored segments and rows, in a memory that has read nothing yet.
        assert memory.ask(question).text == said
        assert [found.concept for found in memory.recall(images=[photos[0]])] == [added]
        assert other.recall(question, [photos[0]]) == []
    with opened(tmp_path / "home") as memory:
        memory.remember(concept.name, photos[:2], f"{concept.name} likes cheese.")
        assert memory.ask(question).text == said
    with opened(database) as memory:
        memory.forget(concept.name)
        assert memory.recall(question, [photos[0]]) == []
    assert not [path for path in (tmp_path / "blobs" / "blobs").rglob("*") if path.is_file()]
