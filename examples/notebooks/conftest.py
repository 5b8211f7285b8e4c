"""How pytest runs the notebooks: offline, and with nothing left behind in the home of who runs it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from unittest.mock import patch

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A kernel is a process of its own and sees what stands in the environment."""
    with tempfile.TemporaryDirectory(prefix="jarvis-notebook-") as home:
        quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1"}
        kept_apart = {"IPYTHONDIR": home, "JUPYTER_DATA_DIR": home, "JUPYTER_PREFER_ENV_PATH": "1"}
        with patch.dict(os.environ, quiet | kept_apart):
            return (yield)
