"""A Redis server that is dead, slow, full, or refuses."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from jarvis_memory.store import (
    FileSegmentCache,
    MemoryBlobStore,
    MemoryCatalogue,
    Tiers,
)
from jarvis_memory.store.tiers import RedisTier
from jarvis_memory.store.tiers.breaker import Breaker
from jarvis_retrievers.errors import SettingError
from tests.scale.conftest import redis_admin
from tests.scale.redis_server import NAMED, PASSWORD, RedisServer, SlowProxy, program
from tests.store.conformance_tiers import A, B, label
from tests.store.test_segments import adder

if importlib.util.find_spec("redis") is None:
    pytest.skip("the package redis is not installed: extra scale", allow_module_level=True)


class Clock:
    """Moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_killed_server_costs_no_answer_and_what_it_owes_is_deleted(redis: RedisServer) -> None:
    catalogue, clock = MemoryCatalogue(), Clock()
    stored = FileSegmentCache(catalogue, MemoryBlobStore())
    tier = RedisTier(redis.url(), timeout=20, breaker=Breaker(1.0, 60.0, clock))
    tiers = Tiers()
    tiers._tiers = (tier,)
    segments = tiers.over(catalogue, stored)
    one, two = (adder(catalogue)("ana", number) for number in (1, 2))
    for concept in (one, two):
        assert segments.put("ana", concept, "f", concept.encode())
    assert segments.get("ana", one, "f") == one.encode()
    assert tier.report().hits == 1
    redis.kill()
    for _ in range(50):
        assert segments.get("ana", one, "f") == one.encode()
    assert segments.put("ana", one, "f", b"new")
    assert tier.report().failed == 1  # and nobody tried again
    segments.delete("ana", two)
    redis.start()
    assert segments.get("ana", one, "f") == b"new"
    assert tier.report().hits == 1  # the pause is not over
    # It had a disk, say, and comes back with what it had.
    other = RedisTier(redis.url(), timeout=20)
    spots = [segments._spot("ana", concept, "f") for concept in (one, two)]
    for spot in spots:
        assert spot is not None
        assert other.put(spot.label, b"old", 1.0, 1.0)
    clock.now += 2
    assert segments.get("ana", one, "f") == b"new"
    assert spots[1] is not None
    assert other.get(spots[1].label, 1.0) is None
    assert segments.get("ana", one, "f") == b"new"
    assert tier.report().hits == 2
    assert tier.report().failed == 1
    tier.close()
    other.close()


def test_whole_owners_are_owed_too(redis: RedisServer) -> None:
    clock, other = Clock(), "d" * 32
    tier = RedisTier(redis.url(), timeout=20, breaker=Breaker(1.0, 60.0, clock))
    again = RedisTier(redis.url(), timeout=20)
    places = [label(1), label(1, concept=other), label(1, owner=B), label(1, B, other), label(1, "e" * 32)]
    redis.kill()
    assert tier.delete(A) == 0
    assert tier.keep_only(B, {other, "f" * 32}) == 0
    assert tier.keep_only(B, {other}) == 0
    redis.start()
    # It comes back with what it had.
    for place in places:
        assert again.put(place, b"old", 1.0, 1.0)
    clock.now += 100
    assert tier.get(places[0], 1.0) is None
    assert [again.get(place, 1.0) is not None for place in places] == [False, False, False, True, True]
    # Nothing is owed any more.
    for place in places:
        assert again.put(place, b"new", 1.0, 1.0)
        assert tier.get(place, 1.0) == b"new"
    assert tier.delete(A) == 2
    tier.close()
    again.close()


def test_a_server_that_is_away_when_it_is_opened(redis: RedisServer) -> None:
    redis.kill()
    tiers = Tiers(redis=redis.url())
    catalogue = MemoryCatalogue()
    segments = tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))
    concept = adder(catalogue)("ana", 1)
    assert segments.put("ana", concept, "f", b"1")
    assert segments.get("ana", concept, "f") == b"1"
    redis.start()
    tier = tiers._tiers[0]
    assert isinstance(tier, RedisTier)
    deadline = time.monotonic() + 60
    while tier._breaker.broken and time.monotonic() < deadline:
        time.sleep(0.2)
        assert segments.get("ana", concept, "f") == b"1"
    assert segments.get("ana", concept, "f") == b"1"
    assert tier.report().hits > 0
    tiers.close()


def test_a_stuck_server_costs_one_timeout_and_not_one_for_each_request(redis: RedisServer) -> None:
    catalogue, clock, proxy = MemoryCatalogue(), Clock(), SlowProxy(redis.port)
    tier = RedisTier(redis.url(port=proxy.port), timeout=0.5, breaker=Breaker(1.0, 60.0, clock))
    tiers = Tiers()
    tiers._tiers = (tier,)
    segments = tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))
    concept = adder(catalogue)("ana", 1)
    assert segments.put("ana", concept, "f", b"1")
    assert segments.get("ana", concept, "f") == b"1"
    assert tier.report().hits == 1
    proxy.stuck.set()
    connections = proxy.connections
    for _ in range(200):
        assert segments.get("ana", concept, "f") == b"1"
    assert tier.report().failed == 1
    assert proxy.connections == connections
    clock.now += 1.5  # one of them tries again, and the next pause is twice as long
    for _ in range(200):
        assert segments.get("ana", concept, "f") == b"1"
        clock.now += 0.001
    assert tier.report().failed == 2
    proxy.stuck.clear()
    clock.now += 10
    assert segments.get("ana", concept, "f") == b"1"
    assert tier.report().hits == 2
    tier.close()
    proxy.close()


def test_a_paused_server(redis: RedisServer) -> None:
    tier = RedisTier(redis.url(), timeout=0.3)
    assert tier.put(label(1), b"1", 1.0, 1.0)
    redis_admin(redis, lambda client: client.execute_command("CLIENT", "PAUSE", "2000", "ALL"))
    assert tier.get(label(1), 1.0) is None
    assert tier.report().failed == 1
    redis_admin(redis, lambda client: client.ping())  # waits until the pause is over
    deadline = time.monotonic() + 30
    while tier.get(label(1), 1.0) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert tier.get(label(1), 1.0) == b"1"
    tier.close()


def test_a_full_server(redis: RedisServer) -> None:
    tier = RedisTier(redis.url(), largest=2**22, timeout=20)
    assert tier.put(label(1), b"small", 1.0, 1.0)
    used = redis_admin(redis, lambda client: client.info("memory")["used_memory"])
    redis_admin(redis, lambda client: client.config_set("maxmemory", used // 2))
    try:
        assert not tier.put(label(2), bytes(2**20), 1.0, 1.0)
        assert tier.get(label(1), 1.0) == b"small"  # it can be read all the same
        assert tier.report().failed == 0
    finally:
        redis_admin(redis, lambda client: client.config_set("maxmemory", 0))
    assert tier.put(label(2), bytes(2**20), 1.0, 1.0)
    tier.close()


def test_who_is_refused_is_told_in_one_line_without_the_password(redis: RedisServer) -> None:
    for url, match in (
        (redis.url(password="wrong-word"), "refuses this user or password"),
        (redis.url("nobody"), "refuses this user or password"),
        (redis.url("weak"), "ACL"),
        (f"redis://127.0.0.1:{redis.port}", "refuses this user or password"),
        (redis.url()[:-1] + "99", "cannot be used|refuses"),
        (redis.url()[:-1] + "home", "number of a database"),
        (redis.url().replace("redis://", "http://"), "rediss://user"),
        ("redis://", "rediss://user"),
        ("redis://host:port/0", "rediss://user"),
        ("nonsense", "rediss://user"),
        (redis.url() + "?socket_timeout=soon", "options"),
    ):
        with pytest.raises(SettingError, match=match) as told:
            Tiers(redis=url)
        message = str(told.value)
        assert "\n" not in message
        assert PASSWORD not in message
        assert "wrong-word" not in message


def test_a_password_that_changes_later_costs_no_answer(redis: RedisServer) -> None:
    catalogue, clock = MemoryCatalogue(), Clock()
    tier = RedisTier(redis.url(), timeout=20, breaker=Breaker(1.0, 60.0, clock))
    tiers = Tiers()
    tiers._tiers = (tier,)
    segments = tiers.over(catalogue, FileSegmentCache(catalogue, MemoryBlobStore()))
    concept = adder(catalogue)("ana", 1)
    assert segments.put("ana", concept, "f", b"1")

    def change(client: Any) -> None:
        client.execute_command("ACL", "SETUSER", "jarvis", f"<{PASSWORD}", ">another")
        client.execute_command("CLIENT", "KILL", "USER", "jarvis")

    redis_admin(redis, change)
    try:
        for _ in range(5):
            assert segments.get("ana", concept, "f") == b"1"
            clock.now += 100
        assert tier.report().failed >= 5
        assert tier.report().hits == 0
    finally:
        redis_admin(redis, lambda client: client.execute_command("ACL", "SETUSER", "jarvis", f">{PASSWORD}"))
    clock.now += 100
    assert segments.get("ana", concept, "f") == b"1"
    assert tier.report().hits == 1
    tier.close()


def test_over_tls_and_not_with_somebody_else(tmp_path: Path) -> None:
    found = program()
    if found is None:
        pytest.skip(f"no redis-server or valkey-server; install one, or name it in {NAMED}")
    certificate = self_signed(tmp_path)
    folder = Path(tempfile.mkdtemp(prefix="jarvis-redis-tls-"))
    try:
        server = RedisServer(found, folder, tls=certificate)
        url = server.url().replace("redis://", "rediss://")
        with Tiers(redis=f"{url}?ssl_ca_certs={certificate[0]}", redis_timeout=20) as tiers:
            tier = tiers._tiers[0]
            assert tier.put(label(1), b"data", 1.0, 1.0)
            assert tier.get(label(1), 1.0) == b"data"
        with pytest.raises(SettingError, match=r"certificate of rediss:.* is not trusted"):
            Tiers(redis=url, redis_timeout=20)
        # No TLS where there is TLS.
        with Tiers(redis=server.url(), redis_timeout=20) as tiers:
            tier = tiers._tiers[0]
            assert not tier.put(label(1), b"data", 1.0, 1.0)
            assert tier.report().failed == 1
        server.kill()
    finally:
        shutil.rmtree(folder)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "server.crt", folder / "server.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
