"""Object storage that is slow, cuts connections, refuses for a while, or lets credentials expire."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.blob_places import BlobPlace
from jarvis_memory.store.objects import ObjectBlobStore
from jarvis_retrievers.errors import InputError, StoreError
from tests.scale.proxy import Fault, Proxy, Request
from tests.scale.s3 import S3Server, client
from tests.scale.test_crowds import ROOT, found_in
from tests.scale.test_objects import bucket_of, keys_in
from tests.scale.writer import Left, steps
from tests.store.buckets import SECRET
from tests.store.drafts import draft


def one_in(chance: random.Random, share: float) -> Fault | None:
    if chance.random() > share:
        return None
    return chance.choice(
        [
            Fault("error", 503, "SlowDown"),
            Fault("error", 500, "InternalError"),
            Fault("cut"),
            Fault("cut answer"),
            Fault("half answer"),
            Fault("delay", seconds=0.2),
        ]
    )


def test_what_is_acknowledged_is_there_whatever_happens(database: str, s3: str, proxy: Proxy) -> None:
    """One request in four fails, in one of six ways; every write is acknowledged all the same."""
    chance = random.Random("faults")
    lock = threading.Lock()

    def rule(_: Request) -> Fault | None:
        with lock:
            return one_in(chance, 0.25)

    expected: Left = {}
    with OwnerStore.open(database, "ana", blobs=f"s3://{s3}/photos") as store:
        proxy.rule = rule
        for _ in steps(store, 0, 25, expected):
            pass
        proxy.rule = None
        assert found_in(store, 0, range(1000)) == expected
        assert list(store.verify()) == []
        store.sweep(0)
        photos = sum(len(concept.photos) for concept in store.list())
        assert len([key for key in _keys(proxy, s3) if "/blobs/" in key]) == photos


@pytest.mark.parametrize("kind", ["cut", "cut answer", "half answer", "garbage"])
def test_whatever_is_asked_is_asked_again_if_the_connection_breaks(
    s3: str, proxy: Proxy, kind: Literal["cut", "cut answer", "half answer", "garbage"]
) -> None:
    blobs, asked = ObjectBlobStore(bucket_of(s3), SECRET), Counter[str]()
    ref, other = blobs.put("ana", "photo", b"x" * 1000), blobs.put("ana", "photo", b"y" * 1000)

    def rule(request: Request) -> Fault | None:
        """The first one of each."""
        key = f"{request.method} {request.path} {request.head.splitlines()[0]}"
        asked[key] += 1
        return Fault(kind) if asked[key] == 1 else None

    def while_something_is_handled() -> bool:
        try:
            raise InputError("refused")
        except InputError:
            return blobs.exists("ana", ref)

    deeds: dict[str, tuple[Callable[[], object], object]] = {
        "exists": (lambda: blobs.exists("ana", ref), True),
        "exists, in a handler": (while_something_is_handled, True),
        "get": (lambda: blobs.get("ana", ref), b"x" * 1000),
        "is missing": (lambda: blobs.exists("ana", replace(ref, id="0" * 32)), False),
        "put": (lambda: blobs.exists("ana", blobs.put("ana", "photo", b"z")), True),
        "delete": (lambda: blobs.delete("ana", [other]), 1),
        "is gone": (lambda: blobs.exists("ana", other), False),
        "sweep": (lambda: blobs.sweep([ref.id], 3600.0), 0),
        "leave": (lambda: blobs.delete_owner("ana"), 2),
    }
    for deed, (act, result) in deeds.items():
        asked.clear()
        proxy.rule = rule
        assert act() == result, deed
        proxy.rule = None
        assert max(asked.values()) > 1, deed


def test_an_outage_is_one_line_and_leaves_nothing_half(
    s3_server: S3Server, database: str, s3: str, proxy: Proxy
) -> None:
    """For longer than anybody waits. Then it is back, and the same store goes on."""
    from jarvis_memory.store.places import open_place

    catalogue, _ = open_place(database, f"s3://{s3}/photos")
    blobs = ObjectBlobStore(bucket_of(s3, 0.5), SECRET)
    store = OwnerStore("ana", catalogue, blobs)
    kept = store.add_concept(draft("Kept", 1))
    gone = store.add_concept(draft("Gone", 2))
    for fault in (Fault("error", 503, "SlowDown"), Fault("error", 500, "InternalError"), Fault("cut")):
        proxy.rule = lambda request, fault=fault: fault
        with pytest.raises(StoreError, match=r"throttling|the service fails|cannot be reached") as caught:
            store.add_concept(draft("New", 3))
        assert "\n" not in str(caught.value)
        with pytest.raises(StoreError):
            store.photo(kept.photos[0].id)
        proxy.rule = None
        assert {concept.name for concept in store.list()} == {"Kept", "Gone"}
    proxy.rule = lambda request: Fault("error", 503, "SlowDown")
    with pytest.raises(StoreError, match="throttling"):
        store.forget("Gone")
    # Hidden for good, though its photos are still there.
    assert store.list() == [kept]
    proxy.rule = None
    store._finish_forgetting()
    store.sweep(0)
    assert store._catalogue.tombstones("ana") == ()
    assert len([key for key in keys_in(s3_server, s3) if "/blobs/" in key]) == len(kept.photos)
    assert [store.photo(photo.id) for photo in kept.photos] == [
        photo.data for photo in draft("Kept", 1).checked_photos
    ]
    assert store.add_concept(draft("Gone", 2)).id != gone.id
    store.close()


def test_a_server_that_is_silent_for_a_moment(s3_server: S3Server, s3: str) -> None:
    blobs = ObjectBlobStore(bucket_of(s3, 20.0), SECRET)
    ref = blobs.put("ana", "photo", b"x")
    s3_server.pause()
    threading.Timer(1.0, s3_server.go_on).start()
    assert blobs.get("ana", ref) == b"x"
    assert blobs.put("ana", "photo", b"y").length == 1


def test_an_answer_that_is_lost_leaves_one_object(s3_server: S3Server, s3: str, proxy: Proxy) -> None:
    blobs = ObjectBlobStore(bucket_of(s3), SECRET)
    for size in (100, 17 << 20):
        data, lost = os.urandom(size), list[str]()

        def rule(request: Request, lost: list[str] = lost) -> Fault | None:
            written = request.method == "PUT" or "uploadId" in request.path
            if written and len(lost) < 2 and request.path not in lost:
                lost.append(request.path)
                return Fault("cut answer")
            return None

        proxy.rule = rule
        ref = blobs.put("ana", "segment", data)
        assert lost
        proxy.rule = None
        assert blobs.get("ana", ref) == data
        assert len([key for key in keys_in(s3_server, s3) if key.endswith(ref.id)]) == 1
    assert len(keys_in(s3_server, s3)) == 2
    # No try has left its parts behind.
    assert client(s3_server.url).list_multipart_uploads(Bucket=s3).get("Uploads", []) == []


_WRITER = """
import sys
from jarvis_memory.store.blob_places import BlobPlace
blobs = BlobPlace.parse(sys.argv[1]).opened("an id", read_only=False, timeout=30.0)
print("ready", flush=True)
while True:
    ref = blobs.put("ana", "segment", b"x" * 20_000_000)
    print(ref.id, flush=True)
"""


def test_a_writer_that_is_killed_leaves_orphans_alone(s3_server: S3Server, s3: str, proxy: Proxy) -> None:
    """Killed at some request of an upload in parts: a sweep takes what it has left, and nothing else."""
    url = f"s3://{s3}/photos"
    blobs = BlobPlace.parse(url).opened("an id", read_only=False, timeout=10.0)
    kept = blobs.put("ana", "photo", b"kept")
    for part in range(3):
        victim = subprocess.Popen(
            [sys.executable, "-c", _WRITER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        count = [0]

        def rule(
            request: Request,
            count: list[int] = count,
            part: int = part,
            victim: subprocess.Popen[str] = victim,
        ) -> Fault | None:
            count[0] += request.method == "PUT"
            if count[0] == 3 * part + 2:
                victim.send_signal(signal.SIGKILL)
                return Fault("cut")
            return None

        proxy.rule = rule
        acknowledged = victim.communicate(timeout=60)[0].split()
        proxy.rule = None
        assert victim.returncode == -signal.SIGKILL
        keys = keys_in(s3_server, s3)
        assert all(any(key.endswith(blob) for key in keys) for blob in acknowledged)
        assert blobs.sweep({kept.id}, 0) == len(acknowledged)
        assert client(s3_server.url).list_multipart_uploads(Bucket=s3).get("Uploads", []) == []
    assert blobs.get("ana", kept) == b"kept"
    assert len(keys_in(s3_server, s3)) == 2


def test_credentials_that_expire(
    s3: str, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever renews them in their file need not open anything again; until then it is one line."""
    file = tmp_path / "credentials"

    def renew(name: str) -> None:
        file.write_text(
            f"[default]\naws_access_key_id = {name}\naws_secret_access_key = s\naws_session_token = t\n"
        )

    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    good, breaks = ["AKIAONE"], list[Fault]()

    def rule(request: Request) -> Fault | None:
        if f"Credential={good[0]}/" not in request.head:
            return Fault("error", 400, "ExpiredToken")
        return breaks.pop() if breaks else None

    proxy.rule = rule
    renew("AKIAONE")
    blobs = BlobPlace.parse(f"s3://{s3}/photos").opened("an id", read_only=False, timeout=5.0)
    ref = blobs.put("ana", "photo", b"x")
    good[0] = "AKIATWO"
    for action in (lambda: blobs.get("ana", ref), lambda: blobs.put("ana", "photo", b"y")):
        with pytest.raises(StoreError, match="the credentials have expired, renew them") as caught:
            action()
        assert "\n" not in str(caught.value)
        assert "AKIA" not in str(caught.value)
    renew("AKIATWO")
    # What breaks behind the renewal is tried again, as ever.
    breaks.append(Fault("error", 503, "SlowDown"))
    breaks.append(Fault("cut"))
    assert blobs.get("ana", ref) == b"x"
    assert not breaks
    assert blobs.exists("ana", blobs.put("ana", "photo", b"y"))


def _keys(proxy: Proxy, bucket: str) -> list[str]:
    found = client(proxy.url).list_objects_v2(Bucket=bucket)
    return [each["Key"] for each in found.get("Contents", ())]
