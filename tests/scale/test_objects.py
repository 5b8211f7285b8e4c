"""Blobs on a server that speaks S3."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from jarvis_memory.store import BlobStore
from jarvis_memory.store.blob_places import BlobPlace
from jarvis_memory.store.cached_blobs import CachedBlobStore
from jarvis_memory.store.copies import Copies
from jarvis_memory.store.objects import Bucket, ObjectAddress, ObjectBlobStore
from jarvis_memory.store.objects.driver import file_system
from jarvis_memory.store.ring import DatabaseRing
from jarvis_retrievers.errors import HomeReadOnlyError, SettingError, StoreError
from tests.scale.proxy import Fault, Proxy
from tests.scale.s3 import S3Server, client, free_port
from tests.store.buckets import SECRET, quick
from tests.store.conformance_bytes import BlobConformance
from tests.store.locked import encrypted_catalogue


@cache
def system_at(endpoint: str) -> Any:
    """To make one takes a second."""
    return file_system(ObjectAddress("s3", "any", endpoint=endpoint), 3.0)


def bucket_of(name: str, seconds: float = 10.0, endpoint: str | None = None) -> Bucket:
    system = system_at(endpoint or os.environ["AWS_ENDPOINT_URL"])
    return Bucket(f"{name}/photos", lambda: system, shown=f"s3://{name}/photos", patience=quick(seconds))


def keys_in(server: S3Server, bucket: str) -> list[str]:
    found = list[str]()
    for page in client(server.url).get_paginator("list_objects_v2").paginate(Bucket=bucket):
        found += [each["Key"] for each in page.get("Contents", ())]
    return found


def objects_with(server: S3Server, bucket: str, needle: bytes) -> dict[str, bytes]:
    """All objects that hold some bytes."""
    known = client(server.url)
    data = {key: known.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys_in(server, bucket)}
    return {key: content for key, content in data.items() if needle in content}


@pytest.fixture
def blobs(s3: str) -> ObjectBlobStore:
    return ObjectBlobStore(bucket_of(s3), SECRET)


class TestS3(BlobConformance):
    @pytest.fixture
    def blobs(self, s3: str) -> BlobStore:
        return ObjectBlobStore(bucket_of(s3), SECRET)


class TestCachedS3(BlobConformance):
    @pytest.fixture
    def blobs(self, s3: str, tmp_path: Path) -> BlobStore:
        return CachedBlobStore(ObjectBlobStore(bucket_of(s3), SECRET), Copies(tmp_path, 1 << 20))


class TestEncryptedS3(BlobConformance):
    repeats = False

    @pytest.fixture
    def blobs(self, s3: str, tmp_path: Path) -> Iterator[BlobStore]:
        catalogue = encrypted_catalogue(tmp_path)
        yield ObjectBlobStore(bucket_of(s3), SECRET, keys=DatabaseRing(catalogue.database))
        catalogue.close()


def test_large_blobs_go_and_come_in_parts(s3_server: S3Server, s3: str, proxy: Proxy) -> None:
    blobs = ObjectBlobStore(bucket_of(s3), SECRET)
    data = os.urandom(20 << 20)
    ref = blobs.put("ana", "segment", data)
    (key,) = keys_in(s3_server, s3)
    etag = client(s3_server.url).head_object(Bucket=s3, Key=key)["ETag"]
    assert etag.strip('"').endswith("-3")
    assert blobs.get("ana", ref) == data
    ranges = [r for r in proxy.seen if r.method == "GET" and "range: bytes=" in r.head.lower()]
    assert len(ranges) == 3


def test_a_listing_tells_no_name(s3_server: S3Server, s3: str, blobs: ObjectBlobStore) -> None:
    for owner in ("ana", "ana", "ben"):
        blobs.put(owner, "photo", b"x")
    names = keys_in(s3_server, s3)
    assert len({name.split("/")[3] for name in names}) == 2
    assert not any(word in name for name in names for word in ("ana", "ben", b"ana".hex(), b"ben".hex()))


def test_more_than_a_page_is_listed_and_deleted(s3_server: S3Server, s3: str, blobs: ObjectBlobStore) -> None:
    refs = [blobs.put("ana", "photo", b"x")]
    his = blobs.put("ben", "photo", b"y")
    (folder,) = {key.rpartition("/")[0] for key in keys_in(s3_server, s3) if key.endswith(refs[0].id)}
    import s3fs

    names = [f"{n:032x}" for n in range(1010)]
    s3fs.S3FileSystem(skip_instance_cache=True).pipe({f"{s3}/{folder}/{name}": b"x" for name in names})
    assert blobs.sweep({his.id, *names[:5]}, 0) == 1006
    assert len(keys_in(s3_server, s3)) == 6
    assert blobs.delete_owner("ana") == 5
    assert blobs.get("ben", his) == b"y"


def test_half_an_upload_is_swept(s3_server: S3Server, s3: str, blobs: ObjectBlobStore) -> None:
    known = client(s3_server.url)
    ref = blobs.put("ana", "photo", b"x")
    for key in ("photos/blobs/ab/half", "elsewhere/half"):
        upload = known.create_multipart_upload(Bucket=s3, Key=key)["UploadId"]
        known.upload_part(Bucket=s3, Key=key, UploadId=upload, PartNumber=1, Body=b"x" * (5 << 20))
    # All uploads of moto began in 2010, so that none is too young.
    assert blobs.sweep({ref.id}, 3600) == 0
    # Of another prefix nothing is touched.
    left = known.list_multipart_uploads(Bucket=s3)["Uploads"]
    assert [each["Key"] for each in left] == ["elsewhere/half"]


def test_of_two_clusters_that_come_at_once_one_gets_the_prefix(s3: str) -> None:
    place, said, refused = BlobPlace.parse(f"s3://{s3}/photos"), list[str](), list[str]()
    start = threading.Barrier(6)

    def claim(number: int) -> None:
        start.wait()
        try:
            place.opened(f"cluster {number % 2}", read_only=False, timeout=10.0 + number)
            said.append(f"cluster {number % 2}")
        except SettingError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=claim, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == len(refused) == 3
    assert len(set(said)) == 1
    assert all("each needs a prefix of its own" in error and "\n" not in error for error in refused)


def test_a_missing_bucket(s3: str) -> None:
    with pytest.raises(SettingError, match="there is no such bucket, make it or name another") as caught:
        BlobPlace.parse("s3://no-such-bucket/a").opened("id", read_only=False, timeout=10.0)
    assert "\n" not in str(caught.value)
    with pytest.raises(SettingError, match="no such bucket"):
        BlobPlace.parse("s3://no-such-bucket/a").opened("id", read_only=True, timeout=10.0)


def test_missing_credentials(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SettingError, match="credentials are missing or wrong") as caught:
        BlobPlace.parse(f"s3://{s3}/a").opened("id", read_only=False, timeout=2.0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "code", "kind", "match"),
    [
        (403, "InvalidAccessKeyId", SettingError, "credentials are missing or wrong"),
        (403, "SignatureDoesNotMatch", SettingError, "credentials are missing or wrong"),
        (403, "AccessDenied", HomeReadOnlyError, "these credentials may not"),
        (400, "ExpiredToken", StoreError, "credentials have expired"),
        (503, "SlowDown", StoreError, "throttling"),
        (500, "InternalError", StoreError, "HTTP 500"),
        (404, "NoSuchBucket", SettingError, "no such bucket"),
    ],
)
def test_refusals_are_one_line(
    s3: str, proxy: Proxy, status: int, code: str, kind: type[Exception], match: str
) -> None:
    bucket = bucket_of(s3, 0.5)
    proxy.rule = lambda request: Fault("error", status, code)
    for action in (
        lambda: bucket.put("a", b"x"),
        lambda: bucket.get("a", 10),
        lambda: list(bucket.list("a")),
    ):
        with pytest.raises(kind, match=match) as caught:
            action()
        assert "\n" not in str(caught.value)
        assert "only for tests" not in str(caught.value)


def test_nobody_is_there(s3: str) -> None:
    bucket = bucket_of(s3, 0.5, endpoint=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StoreError, match="check the network and the endpoint") as caught:
        bucket.put("a", b"x")
    assert "\n" not in str(caught.value)


def test_a_delete_that_is_not_allowed_is_told(s3: str, proxy: Proxy) -> None:
    """S3 answers 200 to a batch of which nothing was deleted."""
    blobs = ObjectBlobStore(bucket_of(s3, 1.0), SECRET)
    ref = blobs.put("ana", "photo", b"x")
    proxy.rule = lambda request: Fault("error", 200, "AccessDenied") if "?delete" in request.path else None
    with pytest.raises((HomeReadOnlyError, StoreError), match=r"still there|cannot delete"):
        blobs.delete("ana", [ref])
    proxy.rule = None
    assert blobs.delete("ana", [ref]) == 1
