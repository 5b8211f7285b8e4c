"""What lies on a disk: segments, snapshots of indexes, tables of documents."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .target import Target, folder, must

__all__ = ["TARGETS"]

_PRINT = "0" * 64


def _rotary(positions: Any) -> tuple[Any, Any]:
    import torch

    angles = positions[0, :, None].float() * torch.tensor([1.0, 0.1])
    return angles.cos(), angles.sin()


def _segments() -> list[bytes]:
    import torch

    from jarvis_memory.kv import Inputs, Part, Segment, Storage, segment_to_bytes

    inputs = Inputs((5, 6, 7), torch.arange(3).repeat(3, 1), torch.zeros(1, 1, 4))
    parts = (Part("profile", 2, 2, 0), Part("patch", 1, 1, 1))
    segment = Segment(torch.ones(1, 1, 3, 4), torch.ones(1, 1, 3, 4), inputs, parts, 2, _PRINT)
    return [segment_to_bytes(segment, storage, _rotary) for storage in Storage]


def _sealed(data: bytes) -> bytes:
    """With a right digest, as somebody would write it who knows the format."""
    from blake3 import blake3

    at = data.find(b'"blake3":"') + 10
    if at < 10 or len(data) < at + 64:
        return data
    blank = data[:at] + b"0" * 64 + data[at + 64 :]
    return data[:at] + blake3(blank).hexdigest().encode() + data[at + 64 :]


def _segment(data: bytes) -> None:
    from jarvis_memory.kv import segment_from_bytes, segment_to_bytes
    from jarvis_retrievers.errors import CorruptRecordError, FingerprintError

    for given in (data, _sealed(data)):
        try:
            stored = segment_from_bytes(given, _PRINT, _rotary)
        except (CorruptRecordError, FingerprintError):
            continue
        if stored.segment is None:
            continue
        must(stored.segment.tokens == len(stored.inputs.token_ids), "rows and tokens differ")
        again = segment_from_bytes(segment_to_bytes(stored.segment, "f32"), _PRINT)
        must(again.parts == stored.parts and again.segment is not None, "a segment did not come back")


def _clusters() -> list[bytes]:
    import numpy as np

    from jarvis_retrievers.cluster_snapshot import ClusterSnapshot

    ids = np.arange(3, dtype=np.int64)
    one = ClusterSnapshot(np.ones((2, 4), np.float32), ids, np.zeros(3, np.int32), 1, 0.9, 3)
    return [one.to_bytes()]


def _cluster(data: bytes) -> None:
    from jarvis_retrievers.cluster_snapshot import ClusterSnapshot
    from jarvis_retrievers.errors import CorruptRecordError

    try:
        made = ClusterSnapshot.from_bytes(data, 4)
    except CorruptRecordError:
        return
    again = ClusterSnapshot.from_bytes(made.to_bytes(), 4)
    must((again.ids == made.ids).all() and again.probes == made.probes, "a snapshot did not come back")


# A manifest, documents and vectors, one behind the other.
_BETWEEN = b"\xff\xfe\xfd"


def _tables() -> list[bytes]:
    import numpy as np

    from jarvis_plugins.common.row import Row
    from jarvis_plugins.common.snapshot import Snapshot, write_snapshot

    place = folder() / "written"
    place.mkdir(exist_ok=True)
    rows = [Row.of("a", "Bo likes noodles.", {"n": 1}), Row.of("b", "x", {})]
    write_snapshot(place, Snapshot(rows, np.ones((2, 3), np.float32), "print"))
    manifest = (place / "manifest.json").read_bytes()
    inner = place / json.loads(manifest)["generation"]
    files = (inner / "documents.jsonl").read_bytes(), (inner / "vectors.safetensors").read_bytes()
    return [_BETWEEN.join((manifest, *files))]


def _table(data: bytes) -> None:
    from jarvis_plugins.common.snapshot import read_snapshot
    from jarvis_retrievers.errors import JarvisError

    manifest, lines, tensors = (*data.split(_BETWEEN), b"", b"")[:3]
    inner = folder() / "read" / ("0" * 32)
    inner.mkdir(parents=True, exist_ok=True)
    (inner / "documents.jsonl").write_bytes(lines)
    (inner / "vectors.safetensors").write_bytes(tensors)
    for given in (manifest, _resealed(manifest, inner.name, lines, tensors)):
        (inner.parent / "manifest.json").write_bytes(given)
        try:
            read = read_snapshot(inner.parent)
        except JarvisError:
            continue
        must(len(read.rows) == len(read.vectors), "rows and vectors differ")
        must(all(isinstance(row.text, str) for row in read.rows), "a text that is none")


def _resealed(manifest: bytes, name: str, lines: bytes, tensors: bytes) -> bytes:
    """With right digests, as somebody would write it who knows the format."""
    try:
        told = json.loads(manifest)
    except (ValueError, RecursionError):
        return manifest
    if not isinstance(told, dict):
        return manifest
    told.pop("digest", None)
    if "generation" in told:
        told["generation"] = name
    if isinstance(told.get("files"), dict):
        for file, data in (("documents.jsonl", lines), ("vectors.safetensors", tensors)):
            if file in told["files"]:
                told["files"][file] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps(told, sort_keys=True)
    return json.dumps(told | {"digest": hashlib.sha256(text.encode()).hexdigest()}).encode()


TARGETS = {
    "cluster": Target("snapshots of an index", _clusters, _cluster),
    "segment": Target("stored segments", _segments, _segment),
    "table": Target("vector stores in a folder", _tables, _table),
}
