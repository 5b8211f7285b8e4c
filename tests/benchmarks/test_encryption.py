from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from benchmarks.encryption import compared, draft, large_segment
from jarvis_memory.kv import Storage, segment_from_bytes, segment_to_bytes


def test_a_segment_of_the_size_that_was_asked_for() -> None:
    data = segment_to_bytes(large_segment(2_000_000, "0" * 64), Storage.BF16)
    assert len(data) == pytest.approx(2_000_000, rel=0.05)
    assert segment_from_bytes(data, "0" * 64).segment is not None


def test_rounds_alternate_and_the_first_does_not_count() -> None:
    done: list[str] = []
    works: dict[str, Callable[[], Any]] = {
        name: partial(done.append, name) for name in ("plain", "encrypted")
    }
    before: list[str] = []
    found = compared(2, works, before.append)
    assert done == before == ["encrypted", "plain", "plain", "encrypted", "encrypted", "plain"]
    assert found["ratio"] == pytest.approx(found["encrypted_ms"] / found["plain_ms"])


def test_drafts_are_of_two_photos() -> None:
    assert [len(photo.data) for photo in draft(1).checked_photos] == [200_000] * 2
    assert draft(1).name != draft(2).name
