"""The soak and the cost of a durable write, for a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.durable import measure
from benchmarks.soak import Sample, Soak, figures, run
from jarvis_memory import VLM
from jarvis_retrievers.openclip import OpenCLIPEncoder

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")


def test_the_bare_syncs_are_those_of_a_remember(tmp_path: Path) -> None:
    found = measure(tmp_path, 5, 1)
    assert found["syncs"]["remember"] == found["syncs"]["bare"]
    assert found["syncs"]["bare"]["file"] == found["syncs"]["bare"]["rename"] == 5
    assert found["syncs"]["bare"]["folder"] >= 5
    assert found["log bytes"] > 12 * 512 * 2
    assert min(found[name]["p50 ms"] for name in ("remember", "bare")) > 0


def test_a_rise_is_the_last_quarter_over_the_second() -> None:
    flat = [Sample(100, 10, 4, 50)] * 8
    assert figures(flat) == {"memory": 1.0, "files": 1.0, "workers": 1.0, "home": 1.0}
    rising = [Sample(100 + n, 10, 4, 50) for n in range(8)]
    assert figures(rising)["memory"] == 106.5 / 102.5
    assert figures(flat[:6] + [Sample(100, 20, 4, 50)] * 2)["files"] == 2.0
    assert figures(flat[:1])["memory"] == 1.0


def test_owners_share_a_process_without_an_error(tmp_path: Path) -> None:
    model, clip = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    soak = Soak(tmp_path / "home", model, clip, 3, 1)
    samples = run(soak, 3, 2)
    soak.close()
    assert soak.errors == []
    assert sum(soak.done.values()) >= 2
    assert all(sample.memory > 1 << 20 and sample.files > 2 and sample.workers >= 3 for sample in samples)
    assert not any(soak._open)
