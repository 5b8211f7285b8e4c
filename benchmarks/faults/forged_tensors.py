"""Tensors and snapshots that lie: files of safetensors made to harm whoever reads them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from blake3 import blake3
from numpy.typing import NDArray
from safetensors.numpy import save

from jarvis_memory.kv import Inputs, Part, Segment, segment_to_bytes
from jarvis_retrievers.cluster_snapshot import ClusterSnapshot

from .mutation import mutated

__all__ = ["DIM", "PRINT", "forged_clusters", "forged_segment", "valid_clusters", "valid_segment"]

DIM = 4
PRINT = "f" * 64
_BLANK = "0" * 64
_WRONG_NUMBERS: tuple[object, ...] = (
    -1,
    2**31,
    2**63,
    2**64,
    2**200,
    10**4000,
    1.5,
    True,
    "1",
    None,
    [],
    float("inf"),
)


@cache
def valid_segment() -> bytes:
    """Nine tokens in two layers."""
    generator = torch.Generator().manual_seed(1)
    positions = torch.arange(9).repeat(3, 1)
    inputs = Inputs(tuple(range(9)), positions, torch.randn(1, 2, 6, generator=generator))
    parts = (Part("profile", 5, 5, 0), Part("patch", 4, 4, 2))
    keys = torch.randn(2, 2, 9, 4, generator=generator)
    return segment_to_bytes(Segment(keys, keys + 1, inputs, parts, 11, PRINT))


@cache
def valid_clusters() -> bytes:
    """Three clusters of twelve vectors."""
    centres = np.eye(3, DIM, dtype=np.float32)
    ids, lists = np.arange(12, dtype=np.int64), (np.arange(12) % 3).astype(np.int32)
    return ClusterSnapshot(centres, ids, lists, 2, 0.9, 12).to_bytes()


def forged_segment(rng: random.Random) -> tuple[str, bytes]:
    """A segment that lies, and how."""
    name = rng.choice(("bytes", "own header", "own header", *_HEADERS))
    data = valid_segment()
    if name == "bytes":
        return name, mutated(data, rng)
    if name == "own header":
        changed = _altered(json.loads(_header(data)["__metadata__"]["segment"]), rng)
        return name, _sealed(data, {"segment": json.dumps(changed), "blake3": _BLANK})
    return name, _HEADERS[name](data, rng)


def forged_clusters(rng: random.Random) -> tuple[str, bytes]:
    """A snapshot of clusters that lies, and how."""
    name = rng.choice(("bytes", "numbers", "own header", *_HEADERS))
    data = valid_clusters()
    if name == "bytes":
        return name, mutated(data, rng)
    if name == "numbers":
        wild = rng.choice((np.nan, np.inf, -1, 2**31 - 1, 3e38))
        tensors: dict[str, NDArray[Any]] = {
            "centres": np.full((3, DIM), wild, np.float32),
            "ids": np.full(12, np.nan_to_num(wild, posinf=2**62), np.float64).astype(np.int64),
            "lists": np.arange(12, dtype=np.int32) * rng.choice((-1, 1, 1 << 20)),
        }
        return name, save(tensors, _header(data)["__metadata__"])
    if name == "own header":
        changed = _altered(json.loads(_header(data)["__metadata__"]["clusters"]), rng)
        return name, _written({**_header(data), "__metadata__": {"clusters": json.dumps(changed)}}, data)
    return name, _HEADERS[name](data, rng)


def _header(data: bytes) -> dict[str, Any]:
    size = int.from_bytes(data[:8], "little")
    found: dict[str, Any] = json.loads(data[8 : 8 + size])
    return found


def _written(header: object, data: bytes) -> bytes:
    """The rows of a file behind another header."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + int.from_bytes(data[:8], "little") :]


def _sealed(data: bytes, metadata: dict[str, str]) -> bytes:
    """Rows behind a header of ours whose digest is right."""
    new = _written({**_header(data), "__metadata__": metadata}, data)
    at = new.index(f'"{_BLANK}"'.encode()) + 1
    return new[:at] + blake3(new).hexdigest().encode() + new[at + 64 :]


def _altered(value: Any, rng: random.Random) -> Any:
    """JSON with one place in it made into something else."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice([*value])
        return {**value, key: _altered(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return [*value[:at], _altered(value[at], rng), *value[at + 1 :]]
    return rng.choice((*_WRONG_NUMBERS, {}, "x" * 5000, "\ud800"))


def _tensor(
    change: Callable[[dict[str, Any], random.Random], None],
) -> Callable[[bytes, random.Random], bytes]:
    def forge(data: bytes, rng: random.Random) -> bytes:
        header = _header(data)
        change(header[rng.choice([name for name in header if name != "__metadata__"])], rng)
        return _written(header, data)

    return forge


def _many(data: bytes, rng: random.Random) -> bytes:
    count = rng.choice((20_000, 60_000, 100_000, 400_000))
    one = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    return _written(dict.fromkeys((f"t{n}" for n in range(count)), one), data)


def _deep(data: bytes, rng: random.Random) -> bytes:
    depth = rng.choice((900, 5_000, 200_000))
    nest = rng.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth))
    place = rng.choice(('{"__metadata__":%s}', "%s", '{"t":{"dtype":"F32","shape":%s,"data_offsets":[0,0]}}'))
    return _written(place % nest, data)


def _wide(data: bytes, rng: random.Random) -> bytes:
    """A shape whose product takes for ever."""
    shape = [10**4000] * rng.choice((2, 200, 900))
    return _written({"t": {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}}, data)


def _odd(data: bytes, rng: random.Random) -> bytes:
    return _written(
        rng.choice(("[]", "null", "1e999", '"x"', "{", "", "NaN", '{"t":[]}', '{"__metadata__":7}', "{}")),
        data,
    )


_HEADERS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "length": lambda data, rng: (
        rng.choice((2**63, 2**64 - 1, 2**32, len(data), len(data) - 7, 0, 1, 100 << 20)).to_bytes(8, "little")
        + data[8:]
    ),
    "many": _many,
    "deep": _deep,
    "wide": _wide,
    "odd": _odd,
    "padded": lambda data, rng: _written(json.dumps(_header(data)) + " " * (3 << 20), data),
    "offsets": _tensor(
        lambda one, rng: one.update(
            data_offsets=rng.choice(
                (
                    [0],
                    [],
                    [0, 1, 2],
                    [-8, 8],
                    [8, 0],
                    [0, 2**64],
                    [0.0, 4.0],
                    "ab",
                    None,
                    [0, 10**30],
                    [[0], [1]],
                )
            )
        )
    ),
    "shape": _tensor(
        lambda one, rng: one.update(
            shape=rng.choice(([2**31, 2**31], [-1], [0], [], "2", None, [1] * 5000, [2**62, 4], [1.5], [[2]]))
        )
    ),
    "type": _tensor(
        lambda one, rng: one.update(
            dtype=rng.choice(("F64", "BOOL", "F8_E4M3", "U64", "I8", "C64", "", "x" * 9000, None, [], {}, 3))
        )
    ),
    "fields": _tensor(lambda one, rng: one.pop(rng.choice([*one]))),
}
