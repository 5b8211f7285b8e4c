"""The shipped models, loaded once, and a household that training never saw."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket import ask
from jarvis_pocket.exam import Exam, draw_exam
from jarvis_retrievers.openclip import OpenCLIPEncoder

Opener = Callable[..., PersonalMemory]


@pytest.fixture(scope="session")
def vlm() -> VLM:
    return VLM.load("pocket", device="cpu")


@pytest.fixture(scope="session")
def encoder() -> OpenCLIPEncoder:
    return OpenCLIPEncoder.load("pocket", device="cpu")


@pytest.fixture
def opened(tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder) -> Iterator[Opener]:
    """Opens memories in one temporary home; all are closed in the end."""
    memories: list[PersonalMemory] = []

    def open_memory(owner: str = "ana", **more: object) -> PersonalMemory:
        options = {"model": vlm, "clip": encoder} | more
        memories.append(PersonalMemory.open(tmp_path / "home", owner=owner, **options))  # type: ignore[arg-type]
        return memories[-1]

    yield open_memory
    for memory in memories:
        memory.close()


@pytest.fixture(scope="session")
def exam() -> Exam:
    """Three held-out concepts and two questions of every kind."""
    return draw_exam(random.Random("house"), [kind for kind in ask.KINDS for _ in range(2)], "heldout")


@pytest.fixture
def household(opened: Opener, exam: Exam) -> PersonalMemory:
    """A memory of the exam's concepts."""
    memory = opened()
    for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
        memory.remember(concept.name, list(photos), notes)
    return memory
