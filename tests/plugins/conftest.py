from __future__ import annotations

import pytest

import jarvis_retrievers.openclip
from jarvis_memory import VLM


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trip wire: whoever loads a model falls."""

    def trip(*_: object, **__: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(VLM, "load", trip)
    monkeypatch.setattr(jarvis_retrievers.openclip.OpenCLIPEncoder, "load", trip)
