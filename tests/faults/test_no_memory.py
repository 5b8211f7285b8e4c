"""A process without memory, and homes of many concepts (R11)."""

from __future__ import annotations

import mmap
import random
import tempfile
from pathlib import Path

import pytest

from benchmarks.faults.base import Base
from benchmarks.faults.many import crowded, named
from benchmarks.faults.no_memory import WAYS, starve
from benchmarks.faults.opening import main, resident
from benchmarks.faults.operation import Operation
from jarvis_memory.store import OwnerStore

PLAN = [Operation("remember", f"x{n}", (n,)) for n in range(3)]


@pytest.mark.parametrize("way", WAYS)
def test_memory_runs_out_and_the_store_goes_on(tmp_path: Path, way: str) -> None:
    base = Base.make(tmp_path / "base")
    told = [starve(base.copy(tmp_path / "home"), PLAN, way, random.Random(seed)) for seed in range(1, 9)]
    assert any("MemoryError" in text for outcome in told for _, text in outcome.refused)
    assert all(len(o.acknowledged) + len(o.refused) == len(PLAN) for o in told)
    assert {(o.crash, o.killed) for o in told} == {("", False)}


def test_a_home_of_many_is_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    home = crowded(12, 3)
    assert crowded(12, 3) == home
    for number in range(3):
        with OwnerStore.open(home, f"owner-{number}") as store:
            assert [one.name for one in store.list()] == [named(n) for n in range(number, 12, 3)]
            assert list(store.verify(deep=True)) == []
            assert len(store.vectors().ids) == 4 * 3


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
def test_what_a_stage_takes_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = main(str(crowded(12, 3)), "owner-1", named(1), ["open", "name", "photo", "usage", "list"])
    assert [*found] == ["open", "name", "photo", "usage", "list"]
    now, most = resident()
    with mmap.mmap(-1, 64 << 20) as held:  # of the kernel: an allocator may have as much to give from before
        held.write(b"1" * len(held))
        assert resident()[0] - now > 50 << 20
    assert resident()[1] - most > 50 << 20
