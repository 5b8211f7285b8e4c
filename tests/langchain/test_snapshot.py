from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from langchain_core.embeddings import DeterministicFakeEmbedding

from jarvis_plugins.common import snapshot
from jarvis_plugins.common.snapshot import read_snapshot, write_snapshot
from jarvis_plugins.langchain import FaissVectorStore, OpenCLIPEmbeddings
from jarvis_retrievers.errors import CorruptRecordError, HomeFormatError, SettingError, StoreError
from tests.langchain import saves
from tests.langchain.pictures import colours

ROOT = Path(__file__).parents[2]
FAKE = DeterministicFakeEmbedding(size=7)


def saved(folder: Path, count: int = 9) -> FaissVectorStore:
    store = FaissVectorStore.from_texts(
        [f"text {n}" for n in range(count)], FAKE, [{"n": n, "x": {"y": [n, None]}} for n in range(count)]
    )
    store.save(folder)
    return store


def parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_it_comes_back_as_it_went(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "store"
    store = saved(folder)
    again = FaissVectorStore.load(folder, FAKE)
    assert again.similarity_search_with_score("q", 9) == store.similarity_search_with_score("q", 9)
    assert {path.name for path in parts(folder)} == {
        "documents.jsonl",
        "manifest.json",
        "vectors.safetensors",
    }
    again.add_texts(["more"])
    again.save(folder)
    assert len(FaissVectorStore.load(folder, FAKE)) == 10
    assert len(parts(folder)) == 3  # what was replaced is gone
    assert len(store) == 9


def test_an_empty_store(tmp_path: Path) -> None:
    FaissVectorStore(FAKE).save(tmp_path / "store")
    again = FaissVectorStore.load(tmp_path / "store", FAKE)
    assert again.similarity_search("q") == []
    again.add_texts(["a"])
    assert len(again) == 1


def test_vectors_of_other_embeddings_are_refused(tmp_path: Path) -> None:
    FaissVectorStore.from_texts(["red"], colours()).save(tmp_path / "store")
    assert len(FaissVectorStore.load(tmp_path / "store", colours())) == 1
    with pytest.raises(SettingError, match="made by embeddings"):
        FaissVectorStore.load(tmp_path / "store", OpenCLIPEmbeddings(device="cpu"))


def test_places_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingError, match="choose another path"):
        saved(tmp_path / "file")
    for name in ("file", "nothing", "."):
        with pytest.raises(SettingError, match="no vector store"):
            FaissVectorStore.load(tmp_path / name, FAKE)


@pytest.mark.parametrize("name", ["documents.jsonl", "manifest.json", "vectors.safetensors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "longer", "gone"])
def test_damage_is_noticed(tmp_path: Path, name: str, damage: str) -> None:
    saved(tmp_path)
    (path,) = tmp_path.rglob(name)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        path.write_bytes({"flip": flipped, "cut": data[:-1], "empty": b"", "longer": data + b" x"}[damage])
    wanted = SettingError if (name, damage) == ("manifest.json", "gone") else CorruptRecordError
    with pytest.raises(wanted):
        FaissVectorStore.load(tmp_path, FAKE)


def test_every_byte_of_the_manifest_counts(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    path = tmp_path / "manifest.json"
    data = path.read_bytes()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 2]) + data[place + 1 :]
        if changed.translate(None, b" \n\t\r") == data.translate(None, b" \n\t\r"):
            continue
        path.write_bytes(changed)
        with pytest.raises(StoreError):
            read_snapshot(tmp_path)


def forged(folder: Path, files: dict[str, bytes], more: dict[str, Any]) -> None:
    """Files and a manifest whose digests are right: somebody who knows the format has made them."""
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["digest"]
    for name, data in files.items():
        (folder / manifest["generation"] / name).write_bytes(data)
        manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest |= more
    manifest["digest"] = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("files", "more", "error"),
    [
        ({"documents.jsonl": b"[]\n"}, {}, CorruptRecordError),
        ({"documents.jsonl": b'{"id": "a", "text": 3, "metadata": {}}\n'}, {}, CorruptRecordError),
        ({"documents.jsonl": b'{"id": "a", "text": "x"}\n'}, {}, CorruptRecordError),
        ({"documents.jsonl": b'{"id": "a", "text": "x", "metadata": {}}\n' * 2}, {}, CorruptRecordError),
        ({"documents.jsonl": b"[" * 100_000}, {}, CorruptRecordError),
        ({"documents.jsonl": b""}, {}, CorruptRecordError),
        ({"vectors.safetensors": b"\x80\x04c os\nsystem\n"}, {}, CorruptRecordError),
        (
            {"vectors.safetensors": safetensors.numpy.save({"x": np.ones((2, 7), "f4")})},
            {},
            CorruptRecordError,
        ),
        (
            {"vectors.safetensors": safetensors.numpy.save({"vectors": np.full((2, 7), np.nan, "f4")})},
            {},
            CorruptRecordError,
        ),
        (
            {"vectors.safetensors": safetensors.numpy.save({"vectors": np.ones((2, 7), "f8")})},
            {},
            CorruptRecordError,
        ),
        ({}, {"generation": "../../elsewhere"}, CorruptRecordError),
        ({}, {"generation": 3}, CorruptRecordError),
        ({}, {"files": {}}, CorruptRecordError),
        ({}, {"format": "other"}, CorruptRecordError),
        ({}, {"version": 0}, CorruptRecordError),
        ({}, {"version": 2}, HomeFormatError),
        ({}, {"count": 5}, CorruptRecordError),
    ],
)
def test_what_somebody_has_forged(
    tmp_path: Path, files: dict[str, bytes], more: dict[str, Any], error: type[Exception]
) -> None:
    saved(tmp_path, 2)
    forged(tmp_path, {}, {})
    assert len(read_snapshot(tmp_path).rows) == 2
    forged(tmp_path, files, more)
    with pytest.raises(error):
        FaissVectorStore.load(tmp_path, FAKE)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_every_step(tmp_path: Path) -> None:
    """After a kill at any durable step the old store is there or the new one, nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.langchain.saves", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    points, before, after = map(int, done.stdout.split())
    assert before > 8
    assert after > 2
    assert before + after == points


@pytest.mark.parametrize("name", ["fsync", "replace", "rename", "mkdir"])
def test_a_full_disk_leaves_the_old_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    folder = tmp_path / "store"
    write_snapshot(folder, saves.snapshot(2))
    before = saves.state(folder)

    def full(*given: Any, **more: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, name, full)
        with pytest.raises(StoreError, match="No space left"):
            write_snapshot(folder, saves.snapshot(3))
    assert saves.state(folder) == before
    write_snapshot(folder, saves.snapshot(3))
    assert len(read_snapshot(folder).rows) == 3


def test_a_save_between_manifest_and_files_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(tmp_path, saves.snapshot(2))
    read = snapshot._read_manifest
    calls = []

    def late(folder: Path) -> dict[str, Any]:
        manifest = read(folder)
        calls.append(manifest)
        if len(calls) == 1:
            write_snapshot(tmp_path, saves.snapshot(3))
        return manifest

    monkeypatch.setattr(snapshot, "_read_manifest", late)
    assert len(read_snapshot(tmp_path).rows) == 3


def test_what_old_interrupted_saves_left_is_cleaned(tmp_path: Path) -> None:
    write_snapshot(tmp_path, saves.snapshot(2))
    old, young = tmp_path / ("a" * 32), tmp_path / f"tmp-{'b' * 32}"
    mine = tmp_path / "mine"
    for folder in (old, young, mine):
        folder.mkdir()
        (folder / "x").write_text("x")
    for folder in (old, mine):
        os.utime(folder, (1, 1))
    write_snapshot(tmp_path, saves.snapshot(3))
    assert not old.exists()
    assert young.exists()
    assert mine.exists()


def resealed(folder: Path, file: str, data: bytes | None = None, **change: object) -> None:
    """Another content of a file, or another manifest, with digests that are right."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    del manifest["digest"]
    if data is not None:
        (folder / manifest["generation"] / file).write_bytes(data)
        manifest["files"][file] = snapshot._seal(data)
    manifest |= change
    text = json.dumps(manifest | {"digest": snapshot._digest(manifest)})
    (folder / "manifest.json").write_text(text)


def test_what_lies_with_right_digests_is_refused(tmp_path: Path) -> None:
    many = {f"t{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(20_000)}
    text = json.dumps(many).encode()
    more = safetensors.numpy.save({"vectors": np.eye(3, dtype=np.float32), "more": np.zeros(1)})
    for file, data in (
        ("vectors.safetensors", len(text).to_bytes(8, "little") + text),
        ("vectors.safetensors", more),
        ("documents.jsonl", b"[" * 100_000),
    ):
        saved(tmp_path / "store")
        resealed(tmp_path / "store", file, data)
        with pytest.raises(CorruptRecordError, match="hold something else"):
            read_snapshot(tmp_path / "store")
    wrong: list[object] = [[], None, 1e308, "x"]
    for files in wrong:
        saved(tmp_path / "store")
        resealed(tmp_path / "store", "", files=files)
        with pytest.raises(CorruptRecordError, match="names no generation"):
            read_snapshot(tmp_path / "store")
