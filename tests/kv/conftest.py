from __future__ import annotations

import pytest

from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.kv.tiny import FAMILIES, Tiny, make_tiny


@pytest.fixture(scope="session", params=FAMILIES)
def tiny(request: pytest.FixtureRequest) -> Tiny:
    return make_tiny(request.param)


@pytest.fixture(scope="session")
def encoder() -> OpenCLIPEncoder:
    return OpenCLIPEncoder.load("pocket", device="cpu")
