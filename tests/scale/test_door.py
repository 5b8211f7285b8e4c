"""Whether a fleet is ready is told in time, and asking costs its replicas next to nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest

from jarvis_plugins.fleet.door import RemoteAnswering

pytest.importorskip("ray.serve", reason="ray is not installed: pip install 'jarvis-plugins[scale]'")


class _Replicas:
    """As a handle is without a running replica: what is asked waits."""

    def __init__(self) -> None:
        self.facts, self.asked, self.free = self, 0, asyncio.Event()
        self.cancelled = 0

    def remote(self) -> _Replicas:
        self.asked += 1
        return self

    def cancel(self) -> None:
        self.cancelled += 1

    def __await__(self) -> Any:
        return self.free.wait().__await__()


async def test_readiness_has_a_limit_and_is_kept_for_a_moment() -> None:
    replicas = _Replicas()
    door = RemoteAnswering(cast("Any", replicas), "pocket", b"s", 1)
    async with asyncio.timeout(30):
        assert await door.ready() is False
    assert (replicas.asked, replicas.cancelled) == (1, 1)
    # Busy with answers, which come.
    door._asked_until, door._heard = 0.0, time.monotonic()
    assert await door.ready() is True
    replicas.free.set()
    door._asked_until = 0.0
    assert await asyncio.gather(*[door.ready() for _ in range(50)]) == [True] * 50
    assert replicas.asked < 12
