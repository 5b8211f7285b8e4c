"""The whole memory, with its model, on a cluster."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.store.postgres import Cluster, PostgresIndex
from jarvis_pocket.exam import draw_exam
from jarvis_retrievers.openclip import OpenCLIPEncoder


async def test_many_owners_at_once(database: str, tmp_path: Path) -> None:
    """Without blocking the event loop, and with one pool for all of them."""
    exam = draw_exam(random.Random("house"), [], "heldout")
    encoder = OpenCLIPEncoder.load("pocket", device="cpu")
    memories = [
        PersonalMemory.open(database, owner=f"owner-{n}", blobs=tmp_path, clip=encoder, model="pocket")
        for n in range(3)
    ]
    names = [concept.name for concept in exam.concepts[:3]]
    await asyncio.gather(
        *(memory.aremember(names[n], exam.photos[n][:1]) for n, memory in enumerate(memories))
    )
    found = await asyncio.gather(
        *(memory.arecall(images=[exam.photos[n][0]]) for memory in memories for n in range(3))
    )
    seen = [[recollection.concept.name for recollection in one] for one in found]
    assert seen == [[names[n]] if owner == n else [] for owner in range(3) for n in range(3)]
    assert len({id(memory._store._catalogue.cluster) for memory in memories}) == 1  # type: ignore[attr-defined]
    for memory in memories:
        memory.close()


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


def test_a_memory_that_is_searched_by_the_server(database: str, tmp_path: Path) -> None:
    """It finds whom a memory finds that compares its vectors itself."""
    exam = draw_exam(random.Random("house"), [], "heldout")
    encoder = OpenCLIPEncoder.load("pocket", device="cpu")
    cluster = Cluster(database)
    index = PostgresIndex(cluster, encoder.dim)
    with PersonalMemory.open(database, owner="ana", blobs=tmp_path, clip=encoder) as plain:
        for concept, photos in zip(exam.concepts[:2], exam.photos[:2], strict=True):
            plain.remember(concept.name, photos[:1], f"{concept.name} likes cheese.")
        with PersonalMemory.open(database, owner="ana", blobs=tmp_path, clip=encoder, index=index) as served:
            for photos in exam.photos[:3]:
                expected = [(found.concept, found.region) for found in plain.recall(images=[photos[-1]])]
                assert [(one.concept, one.region) for one in served.recall(images=[photos[-1]])] == expected
            # What somebody else writes is found without telling this one.
            plain.remember(exam.concepts[2].name, exam.photos[2][:1])
            (found,) = served.recall(images=[exam.photos[2][0]])
            assert found.concept.name == exam.concepts[2].name
            served.forget(exam.concepts[2].name)
            assert served.recall(images=[exam.photos[2][0]]) == plain.recall(images=[exam.photos[2][0]]) == []
    cluster.close()
