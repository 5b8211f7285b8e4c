from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.crash import OPERATIONS

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_killed_at_every_step(tmp_path: Path, operation: str) -> None:
    """After a kill at any durable step the home holds the state before or the state after, nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.crash", str(tmp_path), operation],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    points, before, after = map(int, done.stdout.split())
    assert points > 8
    assert before > 2
    assert after > 0
    assert before + after == points
