"""One household in memory for all tests of the plug-ins."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket.exam import Exam, draw_exam
from jarvis_retrievers.openclip import OpenCLIPEncoder


@pytest.fixture(scope="session")
def vlm() -> VLM:
    return VLM.load("pocket", device="cpu")


@pytest.fixture(scope="session")
def encoder() -> OpenCLIPEncoder:
    return OpenCLIPEncoder.load("pocket", device="cpu")


@pytest.fixture(scope="session")
def exam() -> Exam:
    return draw_exam(random.Random("house"), ["fact", "detail", "who"], "heldout")


@pytest.fixture(scope="session")
def shared(
    tmp_path_factory: pytest.TempPathFactory, vlm: VLM, encoder: OpenCLIPEncoder, exam: Exam
) -> Iterator[PersonalMemory]:
    """The exam's concepts, for tests that only read."""
    home = tmp_path_factory.mktemp("shared") / "home"
    with PersonalMemory.open(home, owner="ana", model=vlm, clip=encoder) as memory:
        for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
            memory.remember(concept.name, list(photos), notes)
        yield memory
