"""Segments as bytes: one safetensors file with few tensors and a checked header (docs/format.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from blake3 import blake3
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from jarvis_retrievers.errors import ContextError, CorruptRecordError, FingerprintError

from .inputs import Inputs
from .part import Part
from .segment import Segment
from .storage import Rotary, Storage, pack_rows, unpack_rows

__all__ = ["FORMAT_VERSION", "StoredSegment", "segment_from_bytes", "segment_to_bytes"]

FORMAT_VERSION = 3

_SIZES = {"F32": 4, "BF16": 2, "F16": 2, "F8_E4M3": 1, "I8": 1, "I16": 2}
_PLAIN = {Storage.F32: "F32", Storage.F16: "F16"}
_INPUTS = ("features", "positions")
_BLANK = "0" * 64
# Some 8 bytes per token, so over 400,000 tokens; it bounds what a broken length can ask for.
_HEADER_CAP = 4 * 1024 * 1024
_SIZE = 8
_AXES, _LARGE = 5, 2**63


_Id = Annotated[int, Field(ge=0, lt=2**31)]


class _PartHeader(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    kind: Literal["profile", "patch"]
    tokens: int = Field(ge=0)
    width: int = Field(ge=0)
    seen: int = Field(ge=0)


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    version: int
    storage: str
    fingerprint: str = Field(max_length=256)
    start: int = Field(ge=0, lt=2**31)
    token_ids: list[_Id]
    parts: list[_PartHeader] = Field(min_length=1)


@dataclass(frozen=True, slots=True, eq=False)
class StoredSegment:
    """What a record holds.

    Attributes:
        inputs: What the segment is computed from.
        parts: The profile, then each patch.
        storage: How its rows are stored.
        segment: With its rows; None if the record has none.
    """

    inputs: Inputs
    parts: tuple[Part, ...]
    storage: Storage
    segment: Segment | None


def segment_to_bytes(
    segment: Segment, storage: Storage | str = Storage.BF16, rotary: Rotary | None = None
) -> bytes:
    """Write a segment.

    Args:
        segment: What to write.
        storage: How its rows are stored.
        rotary: Of the model; needed for ``int8``.

    Raises:
        SettingError: There is no such storage, or ``int8`` without ``rotary``.
        ContextError: The header would be larger than this format allows, or a position is too large for it.
    """
    storage, inputs = Storage(storage), segment.inputs
    if inputs.width > 2**15:
        raise ContextError(f"A segment of width {inputs.width} is too wide to be stored: at most {2**15}.")
    header = _Header(
        version=FORMAT_VERSION,
        storage=storage.value,
        fingerprint=segment.fingerprint,
        start=segment.start,
        token_ids=list(inputs.token_ids),
        parts=[_PartHeader(kind=p.kind, tokens=p.tokens, width=p.width, seen=p.seen) for p in segment.parts],
    )
    tensors = pack_rows(segment, storage, rotary) | {
        "features": inputs.features.detach().cpu().to(storage.plain),
        "positions": inputs.positions.to(torch.int16),
    }
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    data = save(tensors, metadata={"segment": header.model_dump_json(), "blake3": _BLANK})
    size = int.from_bytes(data[:_SIZE], "little")
    if size > _HEADER_CAP:
        raise ContextError(f"The header of a segment is at most {_HEADER_CAP} bytes, got {size}.")
    at = data.index(f'"{_BLANK}"'.encode(), _SIZE, _SIZE + size) + 1
    return data[:at] + blake3(data).hexdigest().encode() + data[at + 64 :]


def segment_from_bytes(
    data: bytes,
    fingerprint: str,
    rotary: Rotary | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | None = None,
) -> StoredSegment:
    """Read a segment. Nothing of it is used before the whole record is checked.

    Args:
        data: What :func:`segment_to_bytes` wrote.
        fingerprint: Of the model that shall use it.
        rotary: Of that model; needed for ``int8``.
        dtype: Of its rows; None leaves plain ones as they are, and makes the others bfloat16.
        device: Where rows of 8 bits are made into numbers: half the bytes go there, and none of the work is
            done here. If its memory does not suffice they are made on the CPU.

    Returns:
        What it holds: rows of 8 bits on ``device``, everything else on the CPU.

    Raises:
        CorruptRecordError: A byte has changed, is missing, or is too much.
        FingerprintError: Another model, another prefix, or another version of this format has written it.
    """
    described = _described(data)
    header = _header(data, described)
    if header.version != FORMAT_VERSION:
        raise FingerprintError(
            f"This segment has the format version {header.version}, this program reads {FORMAT_VERSION}; "
            "encode it again from its sources."
        )
    if header.fingerprint != fingerprint:
        raise FingerprintError(
            f"This segment has the fingerprint {header.fingerprint[:12]}, expected {fingerprint[:12]}; "
            "encode it again from its sources."
        )
    storage = next((s for s in Storage if s.value == header.storage), None)
    if storage is None or _kinds(described) != _expected(storage):
        raise _corrupt(f"its tensors are not those of the storage {header.storage!r}.")
    try:
        tensors = load(data)
        inputs = Inputs(tuple(header.token_ids), tensors["positions"].long(), tensors["features"])
        parts = tuple(Part(p.kind, p.tokens, p.width, p.seen) for p in header.parts)
        if storage is Storage.NONE:
            return StoredSegment(inputs, parts, storage, None)
        where = inputs.positions + header.start

        def made(tensors: dict[str, torch.Tensor]) -> Segment:
            keys, values = unpack_rows(tensors, storage, where, rotary, dtype)
            return Segment(keys, values, inputs, parts, header.start, header.fingerprint)

        segment = None if device is None or storage.rounds else _made_there(made, tensors, device)
        return StoredSegment(inputs, parts, storage, segment or made(tensors))
    except (SafetensorError, ContextError, RuntimeError, IndexError) as error:
        raise _corrupt(str(error)) from error


def _made_there(
    made: Callable[[dict[str, torch.Tensor]], Segment], tensors: dict[str, torch.Tensor], device: torch.device
) -> Segment | None:
    """A segment made on a device; None if there is no room for it. Its inputs stay where they are."""
    try:
        return made({name: tensor.to(device) for name, tensor in tensors.items() if name not in _INPUTS})
    except torch.OutOfMemoryError:
        # Not to be taken for a broken record, as other errors of torch are.
        return None


def _expected(storage: Storage) -> dict[str, tuple[str, int]]:
    """Per tensor its dtype and number of dimensions."""
    plain = _PLAIN.get(storage, "BF16")
    inputs = dict(zip(_INPUTS, ((plain, 3), ("I16", 2)), strict=True))
    if storage is Storage.NONE:
        return inputs
    if storage is Storage.FP8:
        return inputs | {"kv": ("F8_E4M3", 5), "kv_scale": ("F32", 3)}
    if storage is Storage.INT8:
        rows = dict.fromkeys(("keys", "values"), ("I8", 4))
        return inputs | rows | {f"{name}_scale": ("BF16", 4) for name in rows}
    return inputs | {"kv": (plain, 5)}


def _kinds(described: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {n: (t["dtype"], len(t["shape"])) for n, t in described.items() if n != "__metadata__"}


def _corrupt(why: str) -> CorruptRecordError:
    return CorruptRecordError(f"This is no whole segment: {why} Encode it again from its sources.")


def _described(data: bytes) -> dict[str, Any]:
    """The safetensors header, its tensors checked against the bytes that are there."""
    if len(data) < _SIZE:
        raise _corrupt(f"it has {len(data)} bytes.")
    size = int.from_bytes(data[:_SIZE], "little")
    if size > min(_HEADER_CAP, len(data) - _SIZE):
        raise _corrupt(f"its header claims {size} bytes, the record has {len(data)}.")
    try:
        described = json.loads(data[_SIZE : _SIZE + size])
        tensors = [tensor for name, tensor in described.items() if name != "__metadata__"]
        spans = sorted((start, end) for start, end in (tensor["data_offsets"] for tensor in tensors))
        # Small numbers, and few: the product of others may take minutes.
        whole = all(
            len(t["shape"]) <= _AXES
            and all(type(n) is int and 0 <= n < _LARGE for n in [*t["shape"], *t["data_offsets"]])
            for t in tensors
        ) and all(
            t["data_offsets"][1] - t["data_offsets"][0] == math.prod(t["shape"]) * _SIZES[t["dtype"]]
            for t in tensors
        )
        ends = [0, *(end for _, end in spans)]
        joined = [start for start, _ in spans] == ends[:-1] and ends[-1] == len(data) - _SIZE - size
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _corrupt(f"its header cannot be read ({type(error).__name__}).") from error
    if not whole or not joined:
        raise _corrupt("its header does not describe its rows.")
    return dict(described)


def _header(data: bytes, described: dict[str, Any]) -> _Header:
    """Our own header, once the digest of the record is right."""
    try:
        metadata = described["__metadata__"]
        digest, text = metadata["blake3"], metadata["segment"]
        if not isinstance(digest, str) or len(digest) != 64 or not digest.isascii():
            raise _corrupt("its digest cannot be read.")
        at = data.index(f'"{digest}"'.encode(), _SIZE, len(data)) + 1
        blank = blake3(data[:at])
        blank.update(_BLANK.encode())
        blank.update(memoryview(data)[at + 64 :])
        if blank.hexdigest() != digest:
            raise _corrupt("its digest does not match.")
        return _Header.model_validate_json(text)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise _corrupt(f"its header cannot be read ({type(error).__name__}).") from error
