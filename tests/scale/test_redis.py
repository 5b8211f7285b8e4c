"""Segments in a real Redis server: suites, walls and forgetting."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jarvis_memory.store import (
    Catalogue,
    FileSegmentCache,
    MemoryBlobStore,
    MemoryCatalogue,
    SegmentCache,
    Tiers,
)
from jarvis_memory.store.tiers import RedisTier, SegmentTier
from tests.scale.conftest import redis_admin
from tests.scale.redis_server import RedisServer
from tests.store.conformance_tiers import TierConformance, label, walk
from tests.store.test_segments import adder
from tests.store.test_tiered import Tiered

if importlib.util.find_spec("redis") is None:
    pytest.skip("the package redis is not installed: extra scale", allow_module_level=True)


class TestRedisTier(TierConformance):
    @pytest.fixture
    def tier(self, redis: RedisServer) -> Iterator[SegmentTier]:
        tier = RedisTier(redis.url(), timeout=20)
        yield tier
        tier.close()


class TestTiered(Tiered):
    @pytest.fixture
    def catalogue(self) -> Catalogue:
        return MemoryCatalogue()

    @pytest.fixture
    def tiers(self, redis: RedisServer, tmp_path: Path) -> Iterator[Tiers]:
        with Tiers(ram_bytes=500, disk=tmp_path / "tier", redis=redis.url(), redis_timeout=20) as tiers:
            yield tiers

    @pytest.fixture
    def segments(self, catalogue: Catalogue, tiers: Tiers) -> SegmentCache:
        return tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))

    def test_none_of_an_unknown_concept_is_kept(self, segments: SegmentCache, tiers: Tiers) -> None:
        assert not segments.put("ana", "0" * 32, "f", b"1")
        assert [report.kept for report in tiers.reports()] == [0, 0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_walks_of_two_owners_who_have_redis_alone(redis: RedisServer, seed: int) -> None:
    catalogue = MemoryCatalogue()
    stored = FileSegmentCache(catalogue, MemoryBlobStore())
    tiers = [Tiers(redis=redis.url(), redis_timeout=20) for _ in range(2)]
    assert walk(catalogue, [one.over(catalogue, stored) for one in tiers], 300, seed) > 80
    assert sum(one.reports()[0].hits for one in tiers) > 50
    assert [one.reports()[0].failed for one in tiers] == [0, 0]
    for one in tiers:
        one.close()


def kept(redis: RedisServer) -> dict[bytes, Any]:
    """Everything that the server has."""

    def look(client: Any) -> dict[bytes, Any]:
        read = {b"hash": client.hgetall, b"set": client.smembers}
        return {key: read[client.type(key)](key) for key in client.keys("*") if b":probe" not in key}

    found: dict[bytes, Any] = redis_admin(redis, look)
    return found


def test_a_dump_tells_nothing_and_forgetting_leaves_nothing(redis: RedisServer) -> None:
    catalogue = MemoryCatalogue()
    tiers = Tiers(redis=redis.url(), redis_largest=10_000, redis_timeout=20)
    segments = tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))
    concepts = [adder(catalogue)(owner, number) for number, owner in enumerate(("ana", "ana", "ben"))]
    for owner, concept in zip(("ana", "ana", "ben"), concepts, strict=True):
        assert segments.put(owner, concept, "fingerprint", b"the same bytes" * 20)
    assert segments.put("ana", concepts[0], "large", bytes(10_001))
    found = kept(redis)
    assert sorted(key.count(b":") for key in found) == [1, 1, 2, 2, 2]
    told = repr(found).encode()
    for word in (b"ana", b"ben", b"fingerprint", b"large", b"same", *(one.encode() for one in concepts)):
        assert word not in told
    values = [value for of in found.values() if isinstance(of, dict) for value in of.values()]
    assert len(values) == len(set(values)) == 3
    lives: list[int] = redis_admin(redis, lambda client: [client.ttl(key) for key in found])
    assert all(0 < seconds <= 86_460 for seconds in lives)
    segments.delete("ana", concepts[0])
    assert len(kept(redis)) == 4
    segments.delete_owner("ana")
    assert len(kept(redis)) == 2
    segments.delete_owner("ben")
    assert kept(redis) == {}
    tiers.close()


def test_a_value_that_somebody_else_wrote_is_not_taken(redis: RedisServer) -> None:
    catalogue = MemoryCatalogue()
    tiers = Tiers(redis=redis.url(), redis_timeout=20)
    segments = tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))
    concept = adder(catalogue)("ana", 1)
    segments.put("ana", concept, "f", b"true")

    def change(client: Any) -> None:
        (key,) = [key for key in client.keys("*") if key.count(b":") == 2]
        for name, value in client.hgetall(key).items():
            client.hset(key, name, value[:-1] + bytes([value[-1] ^ 1]))

    redis_admin(redis, change)
    assert segments.get("ana", concept, "f") == b"true"
    assert segments.get("ana", concept, "f") == b"true"
    assert tiers.reports()[0].hits == 2  # the first was none, and was mended
    tiers.close()


def test_bytes_are_never_unpickled(redis: RedisServer) -> None:
    """What looks like a pickle comes back as the bytes that it is."""
    bomb = b"cos\nsystem\n(S'touch /tmp/never'\ntR."
    tier = RedisTier(redis.url(), timeout=20)
    assert tier.put(label(1), bomb, 1.0, 1.0)
    assert tier.get(label(1), 1.0) == bomb
    tier.close()
