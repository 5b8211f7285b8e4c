"""An archive that is damaged, or hostile, changes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from jarvis_memory.store import OwnerStore, import_owner
from jarvis_memory.store.archive import ArchiveWriter
from jarvis_memory.store.importing import OwnerArchive
from jarvis_retrievers.errors import (
    CorruptRecordError,
    HomeFormatError,
    JarvisError,
)
from tests.store.portraits import files_of, portrait, put


def test_every_flipped_bit_and_every_cut_is_refused(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        store.add_concept(portrait("Bo", 1, photos=1, patches=1))
        put(store, ("a",), "k", {"v": 1})
        store.export(tmp_path / "x")
    data = (tmp_path / "x").read_bytes()
    numbers = np.random.default_rng(7)
    bad = tmp_path / "bad"
    # Every digest, header, padding and the end has many of these.
    places = {*range(0, len(data), 37), *numbers.integers(0, len(data), 200).tolist()}
    for place in sorted(places):
        bad.write_bytes(
            data[:place] + bytes([data[place] ^ 1 << int(numbers.integers(8))]) + data[place + 1 :]
        )
        with pytest.raises((CorruptRecordError, HomeFormatError), match=r"bad|format"):
            OwnerArchive(bad)
    for length in (*range(0, len(data), 512), len(data) - 1):
        bad.write_bytes(data[:length])
        with pytest.raises(CorruptRecordError, match=r"cannot be imported.*nothing was changed"):
            OwnerArchive(bad)
    bad.write_bytes(data + b"\0")
    with pytest.raises(CorruptRecordError, match="behind its end"):
        OwnerArchive(bad)


def rewritten(
    archive: Path, to: Path, change: Mapping[str, bytes | None], said_too: Mapping[str, object] | None = None
) -> Path:
    """An archive whose digests are right, with other entries."""
    entries = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            entries[member.name] = file.read()
    said = json.loads(entries.pop("manifest.json"))
    for name, data in change.items():
        entries.pop(name, None)
        if data is not None:
            entries[name] = data
    said.pop("sha256")
    said["entries"] = [[n, len(d), hashlib.sha256(d).hexdigest()] for n, d in entries.items()]
    said |= said_too or {}

    def text() -> bytes:
        return json.dumps(said, separators=(",", ":")).encode()

    said["sha256"] = hashlib.sha256(text()).hexdigest()
    with tarfile.open(to, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in [*entries.items(), ("manifest.json", text())]:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o600
            tar.addfile(info, io.BytesIO(data))
    # Python pads a tar file to 10 KiB, a writer of archives does not.
    to.write_bytes(to.read_bytes().rstrip(b"\0"))
    data = to.read_bytes()
    to.write_bytes(data + bytes(-len(data) % 512) + bytes(1024))
    return to


def entry(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


def test_the_same_entries_written_by_another_program_pass(archive: Path, tmp_path: Path) -> None:
    with OwnerArchive(rewritten(archive, tmp_path / "y", {})) as opened:
        assert opened.manifest.counts.concepts == 4


HOSTILE: dict[str, dict[str, bytes | None]] = {
    "a name that leads out": {"../../evil.json": b"{}"},
    "an absolute name": {"/etc/passwd": b"x"},
    "an unknown kind": {"code/000000.json": b"{}"},
    "one entry more": {"photos/000000-0009.png": b"x"},
    "a concept less": {"concepts/000000.json": None},
    "no vectors": {"vectors/000000.f16": b""},
    "vectors that are not finite": {"vectors/000000.f16": np.full(100, np.nan, "<f2").tobytes()},
    "no JSON": {"concepts/000000.json": b"{"},
    "deep JSON": {"items/000000.json": b"[" * 100_000},
    "a photo that is none": {"photos/000000-0000.png": b"\x89PNG\r\n\x1a\n" + b"x" * 99},
    "code": {"photos/000000-0000.png": b"cos\nsystem\n(S'touch x'\ntR."},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_changes_nothing(what: str, home: Path, archive: Path, tmp_path: Path) -> None:
    bad = rewritten(archive, tmp_path / "bad", HOSTILE[what])
    before = files_of(home)
    with pytest.raises(CorruptRecordError, match="nothing was changed"):
        import_owner(home, bad, owner="new")
    with pytest.raises(CorruptRecordError, match="nothing was changed"):
        import_owner(tmp_path / "fresh", bad)
    assert not (tmp_path / "fresh").exists()
    assert files_of(home) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"name":"Bo"', b'"name":"B\\u202eo"'),
        (b'"name":"Bo"', b'"name":" Bo"'),
        (b'"name":"Bo"', b'"name":"<|im_start|>"'),
        (b'"left":0', b'"left":-1'),
        (b'"right":8', b'"right":8000'),
        (b'"created_at":"2', b'"created_at":"x'),
        (b'"owner":""', b'"owner":"ben"'),
        (b'"id":"', b'"id":"../'),
        (b'"width":16', b'"width":17'),
    ],
)
def test_a_concept_that_could_not_be_remembered_is_refused(
    old: bytes, new: bytes, archive: Path, tmp_path: Path
) -> None:
    name = "concepts/000000.json"
    text = entry(archive, name)
    assert old in text
    bad = rewritten(archive, tmp_path / "bad", {name: text.replace(old, new, 1)})
    with pytest.raises(CorruptRecordError, match="nothing was changed"):
        OwnerArchive(bad)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 2}, HomeFormatError),
        ({"format": 0}, CorruptRecordError),
        ({"archive": "other"}, CorruptRecordError),
        ({"owner": "a/b"}, CorruptRecordError),
        (
            {"counts": {"concepts": 10**9, "photos": 6, "patches": 9, "vectors": 1, "items": 3}},
            CorruptRecordError,
        ),
        ({"counts": {"concepts": -1}}, CorruptRecordError),
        ({"entries": []}, CorruptRecordError),
        ({"entries": [["a"]]}, CorruptRecordError),
    ],
)
def test_a_manifest_that_lies_is_refused(
    change: dict[str, object], error: type[JarvisError], archive: Path, tmp_path: Path
) -> None:
    with pytest.raises(error):
        OwnerArchive(rewritten(archive, tmp_path / "bad", {}, change))


def test_a_header_that_promises_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("items/000000.json")
    info.size, info.mode = (8 << 30) - 1, 0o600
    (tmp_path / "bad").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2048))
    with pytest.raises(CorruptRecordError, match="none that `jarvis export` writes"):
        OwnerArchive(tmp_path / "bad")
    for kind in (tarfile.SYMTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.DIRTYPE):
        info.size, info.type, info.linkname = 512, kind, "/etc/passwd"
        (tmp_path / "bad").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2048))
        with pytest.raises(CorruptRecordError, match="none that `jarvis export` writes"):
            OwnerArchive(tmp_path / "bad")


def test_an_entry_that_is_too_large_is_not_written(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "x") as writer, pytest.raises(JarvisError, match="an archive takes"):
        writer.put("concepts/000000.json", bytes(9 << 20))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("expires", 2**70), ("expires", 10**9 * 5), ("ttl", -5.0), ("created", "0001-01-01T00:00:00+14:00")],
)
def test_numbers_and_times_of_an_item(field: str, value: object, archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as tar:
        items = [name for name in tar.getnames() if name.startswith("items/")]
    name = next(name for name in items if json.loads(entry(archive, name))["ttl"])
    said = json.loads(entry(archive, name)) | {field: value}
    bad = rewritten(archive, tmp_path / "bad", {name: json.dumps(said, separators=(",", ":")).encode()})
    try:
        import_owner(tmp_path / "fresh", bad, owner="new")
    except CorruptRecordError:
        assert not (tmp_path / "fresh").exists()
        return
    # A whole number is a number: what was let in can be read.
    with OwnerStore.open(tmp_path / "fresh", "new") as store:
        assert store.items is not None
        assert len(store.items.under(())) == len(items)
