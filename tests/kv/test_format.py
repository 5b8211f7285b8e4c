from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
import torch
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from jarvis_memory.kv import Part, Segment, Storage, segment_from_bytes, segment_to_bytes
from jarvis_memory.kv.storage import pack_rows, unpack_rows
from jarvis_retrievers.errors import ContextError, CorruptRecordError, FingerprintError, SettingError
from tests.kv.oracle import error
from tests.kv.small import PRINT, small_segment

segment = small_segment


def rotary(positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Two frequencies, both of the first axis."""
    angles = positions[0, :, None].float() * torch.tensor([1.0, 0.1])
    return angles.cos(), angles.sin()


def read(data: bytes) -> Segment:
    stored = segment_from_bytes(data, PRINT, rotary)
    assert stored.segment is not None
    return stored.segment


@settings(deadline=None, max_examples=25)
@given(
    tokens=st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple),
    storage=st.sampled_from([Storage.F32, Storage.BF16, Storage.F16]),
    seed=st.integers(0, 99),
    levels=st.integers(1, 3),
)
def test_a_round_trip_is_exact_to_the_bit(
    tokens: tuple[int, ...], storage: Storage, seed: int, levels: int
) -> None:
    before = segment(tokens, storage.plain, seed, levels)
    after = read(segment_to_bytes(before, storage))
    assert torch.equal(after.inputs.features, before.inputs.features.to(storage.plain))
    assert torch.equal(after.inputs.positions, before.inputs.positions)
    for a, b in ((after.keys, before.keys), (after.values, before.values)):
        assert a.dtype == storage.plain
        assert torch.equal(a, b)
    assert (after.token_ids, after.start, after.width, after.parts, after.fingerprint) == (
        before.token_ids,
        before.start,
        before.width,
        before.parts,
        before.fingerprint,
    )


def test_a_smaller_type_rounds_once() -> None:
    before = segment()
    data = segment_to_bytes(before, "bf16")
    assert len(data) < len(segment_to_bytes(before, "f32"))
    assert torch.equal(read(data).keys, before.keys.bfloat16())
    assert segment_from_bytes(data, PRINT, dtype=torch.float32).segment.keys.dtype == torch.float32  # type: ignore[union-attr]


@settings(deadline=None, max_examples=25)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_eight_bits_are_as_near_as_they_can_be(scale: float, seed: int) -> None:
    plain = segment((6, 4), seed=seed)
    before = replace(plain, keys=plain.keys * scale, values=plain.values * scale)
    fp8 = segment_from_bytes(segment_to_bytes(before, "fp8"), PRINT, dtype=torch.float32).segment
    int8 = segment_from_bytes(segment_to_bytes(before, "int8", rotary), PRINT, rotary, torch.float32).segment
    assert fp8 is not None
    assert int8 is not None
    for a, b in ((fp8.keys, before.keys), (fp8.values, before.values)):
        # e4m3 has three bits behind the point, and at the small end steps of 2^-9 of its scale.
        most = b.abs().amax(dim=(2, 3), keepdim=True)
        assert ((a - b).abs() <= b.abs() * 2**-4 + most / 448 * 2**-9).all()
    per_token = before.values.abs().amax(dim=3, keepdim=True)
    assert ((int8.values - before.values).abs() <= 0.51 * per_token / 127).all()
    # Turning keeps lengths, so the error of a pair of key channels is that of the turned pair.
    steps = (before.keys.square().sum(dim=3, keepdim=True).sqrt().amax(dim=2, keepdim=True)) / 127
    assert ((int8.keys - before.keys).abs() <= 0.75 * steps + 1e-6 * scale).all()


def test_int8_keeps_keys_where_they_do_not_turn() -> None:
    """The same key at every position is one number per channel once it is turned back."""
    inputs = segment((8,)).inputs
    cos, sin = rotary(inputs.positions + 11)
    still = torch.tensor([1.0, -2.0, 3.0, 0.5])
    x1, x2 = still[:2], still[2:]
    keys = torch.cat([x1 * cos - x2 * sin, x2 * cos + x1 * sin], dim=-1).expand(2, 2, 8, 4)
    before = replace(segment((8,)), keys=keys.contiguous(), values=torch.zeros(2, 2, 8, 4))
    packed = pack_rows(before, Storage.INT8, rotary)
    assert set(packed["keys"].unique().tolist()) <= {127, -127}
    assert torch.allclose(packed["keys_scale"][0, 0, 0].float() * 127, still.abs(), rtol=5e-3)
    assert error(read(segment_to_bytes(before, "int8", rotary)).keys.float(), keys) < 0.02
    with pytest.raises(SettingError, match="rotary"):
        segment_to_bytes(before, "int8")


@pytest.mark.parametrize("storage", [Storage.FP8, Storage.INT8])
def test_eight_bits_are_made_into_numbers_where_they_are_brought(storage: Storage) -> None:
    """Nothing is computed elsewhere: tensors of another device would be refused."""
    before = segment((6, 4))
    packed = pack_rows(before, storage, rotary)
    there = {name: tensor.to("meta") for name, tensor in packed.items()}
    for rows in unpack_rows(there, storage, before.inputs.positions, rotary, None):
        assert (rows.device.type, rows.dtype, rows.shape) == ("meta", torch.bfloat16, before.keys.shape)
    data = segment_to_bytes(before, storage, rotary)
    brought = segment_from_bytes(data, PRINT, rotary, device=torch.device("cpu")).segment
    assert brought is not None
    assert torch.equal(brought.keys, read(data).keys)
    assert torch.equal(brought.values, read(data).values)


def test_a_device_without_room_is_not_a_broken_record(monkeypatch: pytest.MonkeyPatch) -> None:
    data = segment_to_bytes(segment(), Storage.INT8, rotary)
    expected, calls = read(data), []

    def full(*given: Any) -> tuple[torch.Tensor, torch.Tensor]:
        calls.append(len(given[0]))
        if len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return unpack_rows(*given)

    monkeypatch.setattr("jarvis_memory.kv.format.unpack_rows", full)
    stored = segment_from_bytes(data, PRINT, rotary, device=torch.device("cpu"))
    assert stored.segment is not None
    assert torch.equal(stored.segment.keys, expected.keys)
    assert calls == [4, 6]  # the inputs are not brought there


def test_without_rows_the_inputs_are_there() -> None:
    before = segment()
    stored = segment_from_bytes(segment_to_bytes(before, "none"), PRINT)
    assert stored.segment is None
    assert stored.inputs.token_ids == before.token_ids
    assert stored.parts == before.parts
    sizes = {s.value: len(segment_to_bytes(segment((40, 30)), s, rotary)) for s in Storage}
    assert sizes["f32"] > sizes["bf16"] > sizes["int8"] > sizes["none"]
    assert sizes["bf16"] > sizes["fp8"] > sizes["none"]


def test_a_cut_segment_stores_its_own_rows_only() -> None:
    before = segment()
    after = read(segment_to_bytes(before.cut(1), "f32"))
    assert torch.equal(after.keys, before.keys[:, :, :7])
    assert len(segment_to_bytes(before.cut(0))) < len(segment_to_bytes(before))


def test_a_record_is_a_safetensors_file() -> None:
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


def rewritten(how: str = "bf16", tensors: dict[str, torch.Tensor] | None = None, **change: object) -> bytes:
    """A record with another header, and a right digest: what a program other than ours might write."""
    data = segment_to_bytes(segment(), how, rotary)
    if tensors is not None:
        size = int.from_bytes(data[:8], "little")
        data = save(tensors, metadata=json.loads(data[8 : 8 + size])["__metadata__"])
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    own = json.loads(header["__metadata__"]["segment"])
    header["__metadata__"]["segment"] = json.dumps({**own, **change})
    header["__metadata__"]["blake3"] = "0" * 64
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    whole = len(text).to_bytes(8, "little") + text + data[8 + size :]
    return whole.replace(b"0" * 64, blake3(whole).hexdigest().encode())


def test_a_header_is_read_strictly() -> None:
    assert read(rewritten()).tokens == 9
    with pytest.raises(FingerprintError, match="version 1"):
        segment_from_bytes(rewritten(version=1), PRINT)
    wrong: list[dict[str, object]] = [
        {"start": -1},
        {"start": "11"},
        {"start": 2**70},
        {"token_ids": [*range(8), 2**70]},
        {"token_ids": [*range(8), -1]},
        {"token_ids": [1]},
        {"parts": []},
        {"parts": [{"kind": "photo", "tokens": 9, "width": 7, "seen": 0}]},
        {"parts": [{"kind": "profile", "tokens": 9, "width": 7, "seen": 0}]},
        {"storage": "int8"},
        {"storage": "zip"},
        {"more": 1},
    ]
    for change in wrong:
        with pytest.raises(CorruptRecordError):
            segment_from_bytes(rewritten(**change), PRINT, rotary)  # type: ignore[arg-type]


@pytest.mark.parametrize("storage", ["bf16", "fp8", "int8"])
def test_tensors_that_do_not_fit_each_other_are_refused(storage: str) -> None:
    whole = load(segment_to_bytes(segment(), storage, rotary))
    assert read(rewritten(storage, whole)).tokens == 9
    spoiled: list[dict[str, torch.Tensor]] = []
    for name, tensor in whole.items():
        spoiled += [
            {n: t for n, t in whole.items() if n != name},
            *([] if name in ("kv", "features") else [whole | {name: tensor[..., :-1].contiguous()}]),
            whole | {name: tensor[..., :-1, :].contiguous() if tensor.ndim > 2 else tensor[:2]},
            whole | {name: tensor.double()},
            whole | {name: tensor[None]},
        ]
    spoiled += [whole | {"more": torch.zeros(3)}, whole | {"features": whole["features"] * torch.nan}]
    for tensors in spoiled:
        with pytest.raises(CorruptRecordError):
            segment_from_bytes(rewritten(storage, tensors), PRINT, rotary)


def test_a_header_that_claims_too_much_is_refused_before_it_is_read() -> None:
    data = (2**62).to_bytes(8, "little") + segment_to_bytes(segment())[8:]
    with pytest.raises(CorruptRecordError, match=str(2**62)):
        segment_from_bytes(data, PRINT)


@pytest.mark.parametrize(
    "tensor",
    [
        {"dtype": "F32", "shape": [10**4000] * 900, "data_offsets": [0, 0]},  # its product takes seconds
        {"dtype": "F32", "shape": [2**63], "data_offsets": [0, 0]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0.0, 4.0]},
        {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]},
        {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]},
        {"dtype": [], "shape": [1], "data_offsets": [0, 4]},
    ],
)
def test_tensors_that_cannot_be_are_refused(tensor: dict[str, object]) -> None:
    text = json.dumps({"t": tensor}).encode()
    with pytest.raises(CorruptRecordError, match=r"does not describe|cannot be read"):
        segment_from_bytes(len(text).to_bytes(8, "little") + text + bytes(4), PRINT)


def test_other_storages_and_wide_segments_are_refused() -> None:
    with pytest.raises(SettingError, match=r"f32, f16, bf16.*'zip'"):
        segment_to_bytes(segment(), "zip")
    wide = segment((1,))
    far = replace(wide.inputs, positions=torch.full((3, 1), 2**15))
    with pytest.raises(ContextError, match="too wide"):
        segment_to_bytes(replace(wide, inputs=far, parts=(Part("profile", 1, 2**15 + 1, 0),)))


@pytest.mark.parametrize("offsets", [[0], [], [0, 1, 2], "01", {"0": 1}])
def test_offsets_that_are_no_pair_are_refused(offsets: object) -> None:
    head = json.dumps({"kv": {"dtype": "F32", "shape": [0], "data_offsets": offsets}}).encode()
    with pytest.raises(CorruptRecordError):
        segment_from_bytes(len(head).to_bytes(8, "little") + head, PRINT)
