from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jarvis_memory import VLM
from jarvis_plugins.onboarding import Conflict, Job, Outcome, Worker, onboard_plain, open_source
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.household import encoder, vlm
from tests.onboarding.sources import draw

__all__ = ["encoder", "vlm"]

Run = Callable[..., list[Outcome]]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two owners, five concepts."""
    return draw(tmp_path_factory.mktemp("drawn") / "source", 5)


@pytest.fixture
def run(vlm: VLM, encoder: OpenCLIPEncoder) -> Run:
    """Onboard a folder into a home, with models that are loaded once."""

    def onboard(
        source: Path, home: Path, conflict: Conflict = Conflict.FAIL, segments: bool = False
    ) -> list[Outcome]:
        job = Job(str(home), conflict=conflict, segments=segments, together=3)
        worker = Worker(job, vlm, encoder)
        try:
            return [*onboard_plain(open_source(source), job, worker)]
        finally:
            worker.close()

    return onboard
