"""Segments as bytes: one safetensors file with one stacked tensor and a checked header.

Layout: the tensor ``kv`` of shape (2, layers, kv_heads, tokens, head_dim), keys first; the metadata entry
``segment`` holds JSON (version, fingerprint, start, width, token ids, parts); the entry ``sha256`` is the
digest of the whole record with its own 64 characters set to ``0``, so that no byte is left unchecked.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from jarvis_retrievers.errors import ContextError, CorruptRecordError, FingerprintError, SettingError

from .part import Part
from .segment import Segment

__all__ = ["FORMAT_VERSION", "segment_from_bytes", "segment_to_bytes"]

FORMAT_VERSION = 1

_DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
_BLANK = "0" * 64
# Some 8 bytes per token, so over 400,000 tokens; it bounds what a broken length can ask for.
_HEADER_CAP = 4 * 1024 * 1024
_SIZE = 8


class _PartHeader(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    kind: Literal["profile", "patch"]
    tokens: int = Field(ge=0)
    width: int = Field(ge=0)


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    version: int
    fingerprint: str = Field(max_length=256)
    start: int = Field(ge=0)
    width: int = Field(ge=0)
    token_ids: list[int]
    parts: list[_PartHeader] = Field(min_length=1)


def segment_to_bytes(segment: Segment, dtype: torch.dtype | None = None) -> bytes:
    """Write a segment.

    Args:
        segment: What to write.
        dtype: ``torch.float32``, ``torch.bfloat16`` or ``torch.float16`` to store the rows in. By default
            that of the segment, and then the round trip is exact to the bit.

    Raises:
        SettingError: Another dtype.
        ContextError: The header would be larger than this format allows.
    """
    dtype = dtype or segment.keys.dtype
    if dtype not in _DTYPES.values():
        raise SettingError(f"Segments are stored as float32, bfloat16 or float16, got {dtype}.")
    header = _Header(
        version=FORMAT_VERSION,
        fingerprint=segment.fingerprint,
        start=segment.start,
        width=segment.width,
        token_ids=list(segment.token_ids),
        parts=[_PartHeader(kind=p.kind, tokens=p.tokens, width=p.width) for p in segment.parts],
    )
    rows = torch.stack([segment.keys, segment.values]).detach().to(device="cpu", dtype=dtype).contiguous()
    data = save({"kv": rows}, metadata={"segment": header.model_dump_json(), "sha256": _BLANK})
    size = int.from_bytes(data[:_SIZE], "little")
    if size > _HEADER_CAP:
        raise ContextError(f"The header of a segment is at most {_HEADER_CAP} bytes, got {size}.")
    at = data.index(f'"{_BLANK}"'.encode(), _SIZE, _SIZE + size) + 1
    return data[:at] + hashlib.sha256(data).hexdigest().encode() + data[at + 64 :]


def segment_from_bytes(data: bytes, fingerprint: str) -> Segment:
    """Read a segment. Nothing of it is used before the whole record is checked.

    Args:
        data: What :func:`segment_to_bytes` wrote.
        fingerprint: Of the model that shall use it.

    Returns:
        The segment, on the CPU, in the dtype it was stored in.

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
    try:
        rows = load(data)["kv"]
        return Segment(
            keys=rows[0],
            values=rows[1],
            token_ids=tuple(header.token_ids),
            start=header.start,
            width=header.width,
            parts=tuple(Part(p.kind, p.tokens, p.width) for p in header.parts),
            fingerprint=header.fingerprint,
        )
    except (SafetensorError, ContextError) as error:
        raise _corrupt(str(error)) from error


def _corrupt(why: str) -> CorruptRecordError:
    return CorruptRecordError(f"This is no whole segment: {why} Encode it again from its sources.")


def _described(data: bytes) -> dict[str, Any]:
    """The safetensors header, its tensor checked against the bytes that are there."""
    if len(data) < _SIZE:
        raise _corrupt(f"it has {len(data)} bytes.")
    size = int.from_bytes(data[:_SIZE], "little")
    if size > min(_HEADER_CAP, len(data) - _SIZE):
        raise _corrupt(f"its header claims {size} bytes, the record has {len(data)}.")
    try:
        described = json.loads(data[_SIZE : _SIZE + size])
        names = set(described)
        tensor = described["kv"]
        dtype, shape, offsets = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
        itemsize = _DTYPES[dtype].itemsize
        whole = all(type(n) is int and n >= 0 for n in [*shape, *offsets])
        fits = whole and offsets == [0, math.prod(shape) * itemsize] == [0, len(data) - _SIZE - size]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _corrupt(f"its header cannot be read ({type(error).__name__}).") from error
    if names != {"__metadata__", "kv"} or len(shape) != 5 or shape[0] != 2 or not fits:
        raise _corrupt("its header does not describe its rows.")
    return dict(described)


def _header(data: bytes, described: dict[str, Any]) -> _Header:
    """Our own header, once the digest of the record is right."""
    try:
        metadata = described["__metadata__"]
        digest, text = metadata["sha256"], metadata["segment"]
        if not isinstance(digest, str) or len(digest) != 64 or not digest.isascii():
            raise _corrupt("its digest cannot be read.")
        at = data.index(f'"{digest}"'.encode(), _SIZE, len(data)) + 1
        blank = hashlib.sha256(data[:at])
        blank.update(_BLANK.encode())
        blank.update(memoryview(data)[at + 64 :])
        if blank.hexdigest() != digest:
            raise _corrupt("its digest does not match.")
        return _Header.model_validate_json(text)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise _corrupt(f"its header cannot be read ({type(error).__name__}).") from error
