from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.store.crash_keys import OPERATIONS
from tests.store.locked import without_keys

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_killed_at_every_step(operation: str) -> None:
    """A change of keys that is killed at any durable step has lost nothing, and comes to its end."""
    # In memory where that is possible: a process is killed, not the machine.
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.store.crash_keys", folder, operation],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=without_keys(),
        )
    assert done.returncode == 0, done.stderr
    points, before, after = map(int, done.stdout.split())
    assert points > 8
    assert before > 2
    assert after > 2
    assert before + after == points
