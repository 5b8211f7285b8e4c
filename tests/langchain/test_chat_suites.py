"""LangChain's own suites of chat models, on a script and, as far as a small model can, on Pocket."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from jarvis_memory.testing import ScriptedVLM
from jarvis_memory.vlm import VLM
from jarvis_plugins.langchain import ChatJarvis
from tests.langchain.answering import answering

Details = dict[
    Literal["invoke", "stream"],
    list[
        Literal["audio_input", "audio_output", "reasoning_output", "cache_read_input", "cache_creation_input"]
    ],
]
PICTURE = Path(__file__).parents[2] / "examples" / "household" / "photos" / "fabi-1.png"


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite fetches a picture from the net; here it is one of the example household."""

    class Fetched:
        content = PICTURE.read_bytes()

    monkeypatch.setattr("langchain_tests.integration_tests.chat_models.httpx.get", lambda *_, **__: Fetched())


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatJarvis

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "pocket"}

    @property
    def supports_image_inputs(self) -> bool:
        return True


class Ours(ChatModelIntegrationTests):
    """What all nodes have in common; `node` makes one that answers twice at least."""

    @staticmethod
    def node() -> Any:
        raise NotImplementedError("give the suite a node")

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatJarvis

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_model_override(self) -> bool:
        return False

    @property
    def supported_usage_metadata_details(self) -> Details:
        return {"invoke": ["cache_read_input"], "stream": ["cache_read_input"]}

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        model = ChatJarvis(model=self.node(), max_tokens=4)
        model.invoke("Count.")
        message = _said(model, "Count.", stream=stream)
        usage = message.usage_metadata
        assert usage is not None
        # All was computed before, but for the last token: the answer to it is what is asked for.
        assert usage["input_token_details"]["cache_read"] == usage["input_tokens"] - 1
        return message


class TestScripted(Ours):
    @staticmethod
    def node() -> ScriptedVLM:
        return ScriptedVLM(answering)

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.node()}

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_json_mode(self) -> bool:
        return True


class TestPocket(Ours):
    """Without tools, which its template does not know."""

    vlm = VLM.load("pocket", device="cpu")

    @classmethod
    def node(cls) -> VLM:
        return cls.vlm

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.vlm, "max_tokens": 24}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False


def _said(model: ChatJarvis, text: str, *, stream: bool) -> AIMessage:
    if not stream:
        return model.invoke(text)
    chunks = list(model.stream(text))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return whole
