"""The household that ships, in memory, and a drawn one; tests that write have a copy of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jarvis_agents.conversation import Conversation, ConversationState, Said
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket.exam import Exam
from jarvis_pocket.household import load_household
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.household import exam, fill, household

__all__ = ["Talk", "drawn", "encoder", "exam", "home", "household", "own", "shared", "talk", "vlm"]

FOLDER = Path(__file__).parents[2] / "examples" / "household"


class Talk:
    """A conversation that keeps its state, which goes through JSON after every turn."""

    def __init__(self, memory: PersonalMemory) -> None:
        self.memory, self.talk, self.state = memory, Conversation(memory), ConversationState()

    def __call__(self, text: str, *images: str | Path | bytes) -> Said:
        shown = [image if isinstance(image, bytes) else FOLDER / image for image in images]
        said = self.talk.say(self.state, text, shown)
        self.state = ConversationState.from_dict(said.state.to_dict())
        assert self.state == said.state
        return said


@pytest.fixture(scope="session")
def vlm() -> VLM:
    return VLM.load("pocket", device="cpu")


@pytest.fixture(scope="session")
def encoder() -> OpenCLIPEncoder:
    return OpenCLIPEncoder.load("pocket", device="cpu")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, vlm: VLM, encoder: OpenCLIPEncoder) -> Path:
    folder = tmp_path_factory.mktemp("household") / "home"
    with PersonalMemory.open(folder, model=vlm, clip=encoder) as memory:
        for concept in load_household(FOLDER).concepts:
            memory.remember(concept.name, concept.photos, concept.about)
    return folder


@pytest.fixture(scope="session")
def shared(home: Path, vlm: VLM, encoder: OpenCLIPEncoder) -> Iterator[PersonalMemory]:
    """For tests that only read."""
    with PersonalMemory.open(home, model=vlm, clip=encoder) as memory:
        yield memory


@pytest.fixture
def talk(shared: PersonalMemory) -> Talk:
    return Talk(shared)


@pytest.fixture
def own(home: Path, tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder) -> Iterator[Talk]:
    """A conversation over a memory that the test may change."""
    shutil.copytree(home, tmp_path / "home")
    with PersonalMemory.open(tmp_path / "home", model=vlm, clip=encoder) as memory:
        yield Talk(memory)


@pytest.fixture(scope="session")
def drawn(
    tmp_path_factory: pytest.TempPathFactory,
    vlm: VLM,
    encoder: OpenCLIPEncoder,
    exam: Exam,
) -> Iterator[PersonalMemory]:
    """Three drawn concepts, for tests that only read."""
    folder = tmp_path_factory.mktemp("drawn") / "home"
    with PersonalMemory.open(folder, owner="ana", model=vlm, clip=encoder) as memory:
        yield fill(memory, exam)
