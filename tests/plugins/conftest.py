from __future__ import annotations

from collections.abc import Iterator

import pytest
from transformers.utils import logging

import jarvis_retrievers.openclip
from jarvis_memory import VLM


@pytest.fixture(scope="session", autouse=True)
def _no_bars() -> Iterator[None]:
    """The command switches them off before transformers is imported; here it is imported already."""
    logging.disable_progress_bar()
    yield
    logging.enable_progress_bar()


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trip wire: whoever loads a model falls."""

    def trip(*_: object, **__: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(VLM, "load", trip)
    monkeypatch.setattr(jarvis_retrievers.openclip.OpenCLIPEncoder, "load", trip)
