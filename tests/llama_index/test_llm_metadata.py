"""What `JarvisLLM` says of itself, and where it ends."""

from __future__ import annotations

import json

import pytest

from jarvis_memory import VLM
from jarvis_plugins.llama_index import JarvisLLM
from jarvis_retrievers.errors import DeadlineError, WindowError
from tests.llama_index.chat import scripted


def test_it_says_of_itself_what_is_true(vlm: VLM) -> None:
    told = scripted()[0].metadata
    assert (told.context_window, told.is_chat_model, told.is_function_calling_model) == (32_768, True, True)
    pocket = JarvisLLM(model=vlm, max_tokens=7)
    assert pocket.metadata.context_window == vlm.window
    assert (pocket.metadata.num_output, pocket.metadata.model_name) == (7, vlm.name)
    assert not pocket.metadata.is_function_calling_model  # its template knows no tools
    kept = JarvisLLM.from_dict(JarvisLLM(temperature=0.5, stop=["x"], seed=1).to_dict())
    assert (kept.model, kept.temperature, kept.stop, kept.seed) == ("pocket", 0.5, ["x"], 1)
    json.loads(pocket.to_json())


def test_too_long_and_too_slow(vlm: VLM) -> None:
    with pytest.raises(WindowError):
        JarvisLLM(model=vlm).complete("word " * 20_000)
    with pytest.raises(DeadlineError):
        JarvisLLM(model=vlm, timeout=1e-9).complete("Hi")
