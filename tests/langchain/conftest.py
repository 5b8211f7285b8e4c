"""One household in memory for all tests of the plug-ins, and chat models that say what they are told to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket.exam import Exam, draw_exam
from jarvis_retrievers.openclip import OpenCLIPEncoder


class Scripted(BaseChatModel):
    """Says the next of its replies, and keeps what it was given."""

    replies: list[AIMessage] = Field(default_factory=list)
    given: list[list[BaseMessage]] = Field(default_factory=list)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.given.append(list(messages))
        reply = self.replies[len(self.given) - 1] if len(self.given) <= len(self.replies) else AIMessage("ok")
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    @property
    def _llm_type(self) -> str:
        return "scripted"


@pytest.fixture(scope="session")
def vlm() -> VLM:
    return VLM.load("pocket", device="cpu")


@pytest.fixture(scope="session")
def encoder() -> OpenCLIPEncoder:
    return OpenCLIPEncoder.load("pocket", device="cpu")


@pytest.fixture(scope="session")
def exam() -> Exam:
    return draw_exam(random.Random("house"), ["fact", "detail", "who"], "heldout")


def fill(memory: PersonalMemory, exam: Exam) -> PersonalMemory:
    for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
        memory.remember(concept.name, list(photos), notes)
    return memory


@pytest.fixture
def household(tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder, exam: Exam) -> Iterator[PersonalMemory]:
    """The exam's concepts, in a home of its own."""
    with PersonalMemory.open(tmp_path / "home", owner="ana", model=vlm, clip=encoder) as memory:
        yield fill(memory, exam)


@pytest.fixture(scope="session")
def shared(
    tmp_path_factory: pytest.TempPathFactory, vlm: VLM, encoder: OpenCLIPEncoder, exam: Exam
) -> Iterator[PersonalMemory]:
    """The same for tests that only read."""
    home = tmp_path_factory.mktemp("shared") / "home"
    with PersonalMemory.open(home, owner="ana", model=vlm, clip=encoder) as memory:
        yield fill(memory, exam)
