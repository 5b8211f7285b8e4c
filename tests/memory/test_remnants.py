"""What is forgotten is in no file and in no memory, while everything stays open."""

from __future__ import annotations

import logging
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_memory.store.items import ItemDraft
from jarvis_pocket.exam import Exam
from jarvis_retrievers import NgramEmbedder
from jarvis_retrievers.images import encode_png
from tests.memory.conftest import Opener
from tests.store.remnants import Marker, in_files, in_memory

WORDS = ("name", "alias", "category", "note", "added note", "edit", "item key", "item value", "namespace")


class Planted:
    """A memory with markers in everything that it takes, and what it has made of them."""

    def __init__(self, memory: PersonalMemory, side: int = 64) -> None:
        self.memory, self.side = memory, side
        self.markers = {what: Marker(what) for what in WORDS}
        self.markers |= {what: Marker(what, secrets.token_bytes(32)) for what in ("pixels", "snapshot")}
        self.vector = np.random.default_rng().standard_normal(8).astype(np.float32)
        self.markers["item vector"] = Marker("item vector", self.vector.tobytes())
        self.items: list[Marker] = [
            self.markers[what] for what in ("item key", "item value", "namespace", "item vector")
        ]

    def plant(self) -> None:
        word, memory = (
            {what: marker.word for what, marker in self.markers.items() if marker.is_word},
            self.memory,
        )
        memory.remember(
            word["name"],
            [self._picture()],
            f"Sleeps under the {word['note']}. Likes tea.",
            aliases=[word["alias"]],
            category=word["category"],
        )
        memory.update(word["name"], about=f"Hums {word['added note']}.")
        memory.edit(word["name"], facts=[f"Wears {word['edit']}."])
        items = memory._store.items
        assert items is not None
        vector, self.vector = self.vector, np.zeros(8, np.float32)
        value = {"text": word["item value"]}
        items.write(
            [((word["namespace"],), word["item key"], ItemDraft(value, kinds="t", vectors=vector[None]))]
        )

    def _picture(self) -> Image.Image:
        noise = np.random.default_rng(3).integers(0, 255, (self.side, self.side, 3), dtype=np.uint8)
        flat = noise.reshape(-1)
        raw = self.markers["pixels"].raw
        flat[: len(raw)] = np.frombuffer(raw, np.uint8)
        return Image.fromarray(noise)

    def ask(self, exam: Exam) -> None:
        """Bring it into every cache: tiers, views, regions, conversations, thresholds."""
        memory, name = self.memory, self.markers["name"].word
        memory.ask(f"What does {name} like?")
        memory.ask("Who is this?", images=[self._picture(), exam.photos[0][0]])
        memory.recall(f"{name} {self.markers['note'].word}", images=[self._picture()])
        memory.why(self.markers["alias"].word)
        memory.list()

    def derive(self) -> None:
        """Markers of what was made of the concept: vectors, PNG file, segment, texts; 32 bytes of each."""
        store, concept = self.memory._store, self.memory.show(self.markers["name"].word)
        table = store.vectors([concept.id])
        for row, kind in zip(table.matrix, table.kinds, strict=True):
            self._derived(f"{kind} vector", row.astype("<f2").tobytes()[:32])
            self._derived(f"{kind} vector in memory", row.tobytes()[:32])
        (texts,) = store.texts(None, [concept.id]).values()
        self._derived("vector of a text", texts[0].astype("<f2").tobytes()[-32:])
        png = encode_png(self._picture())
        assert store.photo(concept.photos[0].id) == png
        self._derived("PNG file", png[60:92])
        self._derived("digest of pixels", concept.photos[0].digest.encode())
        self._derived("id of a photo", concept.photos[0].id.encode())
        data = store.get_segment(concept.id, self.memory._engine.keeper._key)
        assert data is not None
        for part in range(1, 4):
            self._derived(f"segment {part}", data[part * len(data) // 4 :][:32])
        segment = self.memory._engine.keeper.get(concept).segment
        rows = segment.keys.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        self._derived("keys in memory", rows[len(rows) // 2 :][:32])

    def _derived(self, what: str, value: bytes) -> None:
        assert len(value) >= 32, what
        if len(set(value)) > 4:  # zeros are everywhere
            self.markers[f"{what} {len(self.markers)}"] = Marker(what, value)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The home, the temporary folder of this process, and that of its log, which hears everything."""
    temporary, logs = tmp_path / "temporary", tmp_path / "logs"
    for folder in (temporary, logs):
        folder.mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    handler = logging.FileHandler(logs / "log")
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield [tmp_path / "home", temporary, logs]
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


def whats(found: list[tuple[str, str]]) -> set[str]:
    return {what for _, what in found}


@pytest.fixture
def planted(folders: list[Path], opened: Opener, exam: Exam) -> Planted:
    memory = opened(texts=NgramEmbedder(64, threshold=0.3))
    # Somebody else, so that pages are shared and thresholds are worked out.
    memory.remember(exam.concepts[0].name, list(exam.photos[0]), exam.notes[0])
    made = Planted(memory)
    made.plant()
    made.ask(exam)
    made.derive()
    memory._store.put_snapshot("e", made.markers["snapshot"].raw)
    return made


def gone(markers: list[Marker], folders: list[Path]) -> None:
    assert in_files(folders, markers) == []
    assert in_memory(markers) == []


def test_nothing_of_a_concept_is_left(planted: Planted, folders: list[Path], exam: Exam) -> None:
    memory = planted.memory
    items = [marker.what for marker in planted.items]
    everything = list(planted.markers.values())
    markers = [marker for marker in everything if marker.what not in items]
    # Vectors in memory have 32 bits, and keys in memory are rounded on the disk.
    there, inside = whats(in_files(folders, everything)), whats(in_memory(everything))
    assert there >= {marker.what for marker in everything if "memory" not in marker.what}
    assert inside >= {"name", "alias", "note", "added note", "edit", "category"}
    assert any(what.startswith("keys in memory") for what in inside)
    memory.forget(planted.markers["name"].word)
    gone(markers, folders)
    # Items are not of a concept; they are there for whoever keeps them.
    assert whats(in_files(folders, planted.items)) == set(items)
    receipt = memory.receipts[-1]
    assert receipt.at_hand is not None
    assert receipt.at_hand.ram.count == 1
    assert receipt.at_hand.ram.nbytes > 0
    assert receipt.at_hand.pictures.count > 0
    assert receipt.at_hand.indexes.count > 0
    assert receipt.destroyed.snapshots.count >= 1
    assert receipt.destroyed.texts.count == 1
    assert receipt.destroyed.segments.count == 1
    # Everything still works.
    name = exam.concepts[0].name
    assert memory.ask(f"What does {name} like?").concepts == (name,)
    assert in_files(folders, markers) == []


def test_nothing_of_an_owner_is_left(planted: Planted, folders: list[Path], opened: Opener) -> None:
    other = opened("ben")
    memory = planted.memory
    receipt = memory.forget_owner()
    gone(list(planted.markers.values()), folders)
    assert receipt.kind == "owner"
    assert receipt.destroyed.items.count == 1
    assert receipt.at_hand is not None
    assert receipt.at_hand.ram.count >= 1
    assert memory.receipts == (receipt,)
    assert memory.list() == other.list() == []
    assert memory.recall("anybody") == []
