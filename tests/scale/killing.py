"""Onboarding that is killed at random moments, again and again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.onboarding.sources import Kept

ROOT = Path(__file__).parents[2]


def killed(
    source: Path, home: str, blobs: Path | None, rounds: int, seed: int, most: float
) -> tuple[Kept, int]:
    """What was acknowledged, with its ids, and how many runs were cut short.

    Args:
        source, home, blobs: of the onboarding.
        rounds: at most how many runs.
        seed: of the moments.
        most: seconds that a run may take before it is killed.
    """
    chance, told, cut = random.Random(seed), Kept(), 0
    place = [str(source), home, *([] if blobs is None else [str(blobs)])]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.scale.onboarder", *place],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for _ in range(rounds):
            server.stdin.write("go\n")
            server.stdin.flush()
            process = int(server.stdout.readline())
            time.sleep(chance.uniform(0, most))
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
                cut += 1
            for line in iter(server.stdout.readline, "over\n"):
                # The line that the process was at may have no end.
                with contextlib.suppress(ValueError):
                    found = json.loads(line.removesuffix("over\n"))
                    known = told.setdefault((found["owner"], found["name"]), found["concept"])
                    assert known == found["concept"], "it was remembered twice"
                if line.endswith("over\n"):
                    break
        server.stdin.close()
    return told, cut
