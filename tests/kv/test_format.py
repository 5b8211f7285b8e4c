from __future__ import annotations

import hashlib
import json
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.kv import Part, Segment, segment_from_bytes, segment_to_bytes
from jarvis_retrievers.errors import CorruptRecordError, FingerprintError, SettingError

PRINT = hashlib.sha256(b"model").hexdigest()


def segment(
    tokens: tuple[int, ...] = (3, 4, 2), dtype: torch.dtype = torch.float32, seed: int = 0
) -> Segment:
    total = sum(tokens)
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randn(2, 2, total, 4, generator=generator).to(dtype)
    parts = (Part("profile", tokens[0], tokens[0]), *(Part("patch", n, max(1, n - 1)) for n in tokens[1:]))
    return Segment(
        keys=keys,
        values=keys * 2 + 1,
        token_ids=tuple(range(100, 100 + total)),
        start=11,
        width=sum(part.width for part in parts),
        parts=parts,
        fingerprint=PRINT,
    )


@settings(deadline=None, max_examples=25)
@given(
    tokens=st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple),
    dtype=st.sampled_from([torch.float32, torch.bfloat16, torch.float16]),
    seed=st.integers(0, 99),
)
def test_a_round_trip_is_exact_to_the_bit(tokens: tuple[int, ...], dtype: torch.dtype, seed: int) -> None:
    before = segment(tokens, dtype, seed)
    after = segment_from_bytes(segment_to_bytes(before), PRINT)
    for a, b in ((after.keys, before.keys), (after.values, before.values)):
        assert a.dtype == dtype
        assert torch.equal(a, b)
    assert (after.token_ids, after.start, after.width, after.parts, after.fingerprint) == (
        before.token_ids,
        before.start,
        before.width,
        before.parts,
        before.fingerprint,
    )


def test_a_smaller_dtype_rounds_once() -> None:
    before = segment()
    data = segment_to_bytes(before, torch.bfloat16)
    assert len(data) < len(segment_to_bytes(before))
    assert torch.equal(segment_from_bytes(data, PRINT).keys, before.keys.bfloat16())


def test_a_cut_segment_stores_its_own_rows_only() -> None:
    before = segment()
    after = segment_from_bytes(segment_to_bytes(before.cut(1)), PRINT)
    assert torch.equal(after.keys, before.keys[:, :, :7])
    assert len(segment_to_bytes(before.cut(0))) < len(segment_to_bytes(before))


def test_a_record_is_a_safetensors_file() -> None:
    from safetensors.torch import load

    assert load(segment_to_bytes(segment()))["kv"].shape == (2, 2, 2, 9, 4)


def test_every_flipped_byte_is_refused() -> None:
    data = segment_to_bytes(segment((1, 1)))
    rng = random.Random(0)
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= 1 << rng.randrange(8)
        with pytest.raises(CorruptRecordError):
            segment_from_bytes(bytes(broken), PRINT)


def test_every_truncation_is_refused() -> None:
    data = segment_to_bytes(segment((1, 1)))
    for length in range(len(data)):
        with pytest.raises(CorruptRecordError):
            segment_from_bytes(data[:length], PRINT)
    with pytest.raises(CorruptRecordError):
        segment_from_bytes(data + b"\0", PRINT)


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CorruptRecordError):
        segment_from_bytes(data, PRINT)


def test_another_fingerprint_is_refused() -> None:
    with pytest.raises(FingerprintError, match=PRINT[:12]):
        segment_from_bytes(segment_to_bytes(segment()), "1" * 64)


def rewritten(**change: object) -> bytes:
    """A record with another header, and a right digest: what a program other than ours might write."""
    data = segment_to_bytes(segment())
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    own = json.loads(header["__metadata__"]["segment"])
    header["__metadata__"]["segment"] = json.dumps({**own, **change})
    header["__metadata__"]["sha256"] = "0" * 64
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    whole = len(text).to_bytes(8, "little") + text + data[8 + size :]
    return whole.replace(b"0" * 64, hashlib.sha256(whole).hexdigest().encode())


def test_a_header_is_read_strictly() -> None:
    assert segment_from_bytes(rewritten(), PRINT).tokens == 9
    with pytest.raises(FingerprintError, match="version 2"):
        segment_from_bytes(rewritten(version=2), PRINT)
    wrong: list[dict[str, object]] = [
        {"width": 3},
        {"start": -1},
        {"start": "11"},
        {"token_ids": [1]},
        {"parts": []},
        {"parts": [{"kind": "photo", "tokens": 9, "width": 7}]},
        {"more": 1},
    ]
    for change in wrong:
        with pytest.raises(CorruptRecordError):
            segment_from_bytes(rewritten(**change), PRINT)


def test_a_header_that_claims_too_much_is_refused_before_it_is_read() -> None:
    data = (2**62).to_bytes(8, "little") + segment_to_bytes(segment())[8:]
    with pytest.raises(CorruptRecordError, match=str(2**62)):
        segment_from_bytes(data, PRINT)


def test_other_dtypes_are_refused() -> None:
    with pytest.raises(SettingError, match="float64"):
        segment_to_bytes(segment(), torch.float64)
