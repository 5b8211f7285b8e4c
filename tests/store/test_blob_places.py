"""What a URL of blobs means; nothing is connected."""

from __future__ import annotations

import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from jarvis_memory.store import BlobStore
from jarvis_memory.store.blob_places import BlobPlace, _claim_bucket
from jarvis_memory.store.cached_blobs import CachedBlobStore
from jarvis_memory.store.objects import ObjectAddress
from jarvis_memory.store.places import open_place
from jarvis_retrievers.errors import SettingError
from tests.store.buckets import memory_bucket


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a/b", BlobPlace(Path("a/b"))),
        ("file:///srv/my%20photos", BlobPlace(Path("/srv/my photos"))),
        ("file:///srv?cache=/nvme&cache_size=1.5MB", BlobPlace(Path("/srv"), Path("/nvme"), 1_500_000)),
        ("s3://bucket", BlobPlace(ObjectAddress("s3", "bucket"))),
        ("s3://bucket/a/b/", BlobPlace(ObjectAddress("s3", "bucket", "a/b"))),
        ("gs://bucket/a?cache=/x", BlobPlace(ObjectAddress("gs", "bucket", "a"), Path("/x"))),
        ("az://box/a", BlobPlace(ObjectAddress("az", "box", "a"))),
        (
            "s3://bucket/a?endpoint=https%3A%2F%2Fminio.internal%3A9000%2F",
            BlobPlace(ObjectAddress("s3", "bucket", "a", "https://minio.internal:9000")),
        ),
        ("s3://b-1/a?cache=/x&cache_size=7", BlobPlace(ObjectAddress("s3", "b-1", "a"), Path("/x"), 7)),
    ],
)
def test_what_is_meant(text: str, wanted: BlobPlace) -> None:
    assert BlobPlace.parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("s3:bucket/a", "half a URL; write s3://"),
        ("s3:/bucket/a", "half a URL"),
        ("file:/srv", "half a URL"),
        ("s3://", "names no bucket"),
        ("s3:///a", "names no bucket"),
        ("s3://key:secret@bucket/a", "holds no user and no password"),
        ("s3://b", "cannot be the name of a bucket"),
        ("s3://bucket:80/a", "cannot be the name of a bucket"),
        ("s3://bucket/a//b", "the prefix"),
        ("s3://bucket/../b", "the prefix"),
        ("s3://bucket/a*", "the prefix"),
        ("s3://bucket/a%0Ab", "the prefix"),
        ("s3://bucket/a/blobs/ab", "a part of another cluster's"),
        ("s3://bucket/a#b", "no '#'"),
        ("s3://[bucket/a", "cannot be read"),
        ("s3://bucket/a?region=eu", "knows cache, cache_size, endpoint"),
        ("s3://bucket/a?cache", "cannot be read"),
        ("s3://bucket/a?cache=", "with a value"),
        ("s3://bucket/a?cache=/a&cache=/b", "each once"),
        ("s3://bucket/a?cache=x", "names a whole path"),
        ("s3://bucket/a?cache_size=1GB", "goes with cache="),
        ("s3://bucket/a?cache=/x&cache_size=0", "is a number of bytes"),
        ("s3://bucket/a?cache=/x&cache_size=much", "is a number of bytes"),
        ("s3://bucket/a?endpoint=minio:9000", "names a server"),
        ("s3://bucket/a?endpoint=http://u:p@minio", "names a server"),
        ("s3://bucket/a?endpoint=http://minio:port", "names a server"),
        ("s3://bucket/a?endpoint=https://user:secret@minio:9000", "got https://minio$"),
        ("s3://bucket/a?endpoint=https://user:se/cret@minio:9000", "got https://user$"),
        ("s3://bucket/a?endpoint=https://[secret", "got no such URL"),
        ("s3://bucket/a?endpoint=https://minio/secret", "got https://minio$"),
        ("s3://bucket/a?key=AKIA1&secret=TOP-secret", "got 'key', 'secret'$"),
        ("s3://bucket/a?secret", "cannot be read"),
        ("s3://bucket/a?cache=/a&TOP-secret", "cannot be read"),
        ("gs://bucket/a?endpoint=http://minio:9000", "is for s3://"),
        ("file:///srv?endpoint=http://minio", "is for s3://"),
        ("file://host/srv", "names a whole path"),
        ("file:///", "names a whole path"),
        ("ftp://host/a", "cannot be at ftp://"),
    ],
)
def test_half_urls_are_refused_before_anything_is_connected(text: str, match: str) -> None:
    with pytest.raises(SettingError, match=match) as caught:
        open_place("postgresql://a@nowhere.invalid/c", text)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value).replace("'secret'", "")


@pytest.mark.parametrize("password", ["pa55/word", "pa55?word", "pa55#word", "[pa55"])
def test_a_password_that_is_not_encoded_is_not_told(password: str) -> None:
    with pytest.raises(SettingError) as caught:
        open_place(f"postgresql://ana:{password}@localhost:5432/home", "/srv")
    assert "\n" not in str(caught.value)
    assert "pa55" not in "".join(traceback.format_exception(caught.value.with_traceback(None)))


def test_a_prefix_belongs_to_one_cluster() -> None:
    bucket = memory_bucket()
    _claim_bucket(bucket, "first", read_only=True)
    assert bucket.get("cluster", 100) is None
    for _ in range(2):
        _claim_bucket(bucket, "first", read_only=False)
    for read_only in (False, True):
        with pytest.raises(SettingError, match=r"another cluster .* a prefix of its own") as caught:
            _claim_bucket(bucket, "second", read_only=read_only)
        assert "\n" not in str(caught.value)
    mark = bucket.get("cluster", 100)
    assert mark is not None
    assert b"first" not in mark


def test_copies_of_one_folder_are_counted_together(tmp_path: Path) -> None:
    place = BlobPlace.parse(f"file://{tmp_path}/photos?cache={tmp_path}/near")

    def opened() -> BlobStore:
        return place.opened("an id", read_only=False, timeout=1.0)

    one, two = opened(), opened()
    assert isinstance(one, CachedBlobStore)
    assert isinstance(two, CachedBlobStore)
    assert one.copies is two.copies
    ref = one.put("ana", "photo", b"x")
    assert two.get("ana", ref) == b"x"
    assert [path.name for path in (tmp_path / "near").rglob("*") if path.is_file()] == [ref.id]


@pytest.mark.parametrize(
    ("url", "missing", "advice"),
    [
        ("s3://bucket/a", "s3fs", 'pip install "jarvis-plugins[scale]"'),
        ("gs://bucket/a", "gcsfs", "pip install gcsfs"),
        ("az://box/a", "adlfs", "pip install adlfs"),
        ("s3://bucket/a", "fsspec", 'pip install "jarvis-plugins[scale]"'),
    ],
)
def test_a_missing_driver_is_named(url: str, missing: str, advice: str) -> None:
    code = (
        "import sys\n"
        f"sys.modules[{missing!r}] = None\n"
        "from jarvis_memory.store.objects import Bucket, ObjectAddress\n"
        "from jarvis_retrievers.errors import ExtraError\n"
        "try:\n"
        f"    Bucket.open(ObjectAddress.parse({url!r}))\n"
        "except ExtraError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert advice in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert missing in done.stdout
