"""How the rows of a segment are made smaller for the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import torch

from jarvis_retrievers.errors import ContextError, SettingError

from .segment import Segment

__all__ = ["Rotary", "Storage", "pack_rows", "unpack_rows"]

Rotary = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""Cosines and sines (tokens, rotary_dim / 2), float32, of positions (axes, tokens), without any scaling."""

_FP8 = torch.float8_e4m3fn
_FP8_MOST = 448.0
# A channel of zeros has this scale.
_LEAST = 1e-30


class Storage(StrEnum):
    """How the rows of a segment are stored.

    ``F32`` keeps 32 bits of every number, ``F16`` and ``BF16`` 16 of them, as models in these types have.
    ``FP8`` keeps 8 bits (e4m3), scaled per layer and head.
    ``INT8`` keeps 8 bits: keys turned back to position 0, where a channel has one range over all tokens
    (KVQuant, arXiv 2401.18079, section 3.2), scaled per channel; values scaled per token (KIVI, arXiv
    2402.02750, section 3).
    ``NONE`` keeps no rows: they are computed again from the stored inputs, without looking at a picture.
    """

    F32 = "f32"
    F16 = "f16"
    BF16 = "bf16"
    FP8 = "fp8"
    INT8 = "int8"
    NONE = "none"

    @classmethod
    def _missing_(cls, value: object) -> Storage:
        raise SettingError(f"Segments are stored as one of {', '.join(cls)}, got {value!r}.")

    @property
    def plain(self) -> torch.dtype:
        """What numbers that are not scaled are stored as."""
        return {Storage.F32: torch.float32, Storage.F16: torch.float16}.get(self, torch.bfloat16)

    @property
    def rounds(self) -> bool:
        """Whether rows are stored as they are, but for rounding."""
        return self in (Storage.F32, Storage.F16, Storage.BF16)


def pack_rows(segment: Segment, storage: Storage, rotary: Rotary | None) -> dict[str, torch.Tensor]:
    """Keys and values as the tensors of a record, on the CPU.

    Args:
        segment: What to store.
        storage: How.
        rotary: Needed for ``INT8``.

    Raises:
        SettingError: ``INT8`` without ``rotary``.
    """
    if storage is Storage.NONE:
        return {}
    keys, values = segment.keys.detach().cpu(), segment.values.detach().cpu()
    if storage.rounds:
        return {"kv": torch.stack([keys.to(storage.plain), values.to(storage.plain)])}
    if storage is Storage.FP8:
        rows = torch.stack([keys, values]).float()
        scale = (rows.abs().amax(dim=(3, 4)) / _FP8_MOST).clamp_min(_LEAST)
        return {"kv": (rows / scale[..., None, None]).to(_FP8), "kv_scale": scale}
    still = _turned(keys.float(), segment.inputs.positions + segment.start, rotary, back=True)
    packed = {}
    for name, rows, over in (("keys", still, 2), ("values", values.float(), 3)):
        scale = (rows.abs().amax(dim=over, keepdim=True) / 127).clamp_min(_LEAST).bfloat16()
        packed[name] = (rows / scale.float()).round().clamp(-127, 127).to(torch.int8)
        packed[f"{name}_scale"] = scale
    return packed


def unpack_rows(
    packed: dict[str, torch.Tensor],
    storage: Storage,
    positions: torch.Tensor,
    rotary: Rotary | None,
    dtype: torch.dtype | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and values (layers, kv_heads, tokens, head_dim) of a record that has rows, where its tensors are.

    Args:
        packed: The tensors of the record.
        storage: How they are stored.
        positions: (axes, tokens) where the tokens stood when they were encoded.
        rotary: Needed for ``INT8``.
        dtype: Of the result; None leaves plain numbers as they are, and makes others bfloat16.

    Raises:
        ContextError: The tensors do not belong to each other.
        SettingError: ``INT8`` without ``rotary``.
    """
    if storage.rounds:
        rows = packed["kv"] if dtype is None else packed["kv"].to(dtype)
        return rows[0], rows[1]
    dtype = dtype or torch.bfloat16
    if storage is Storage.FP8:
        _fits(packed["kv_scale"], packed["kv"].shape[:3])
        rows = (packed["kv"].float() * packed["kv_scale"][..., None, None]).to(dtype)
        return rows[0], rows[1]
    layers, heads, tokens, dim = packed["keys"].shape
    _fits(packed["values"], (layers, heads, tokens, dim))
    _fits(packed["keys_scale"], (layers, heads, 1, dim))
    _fits(packed["values_scale"], (layers, heads, tokens, 1))
    still = packed["keys"].float() * packed["keys_scale"].float()
    values = (packed["values"].float() * packed["values_scale"].float()).to(dtype)
    return _turned(still, positions, rotary, back=False).to(dtype), values


def _fits(tensor: torch.Tensor, shape: Sequence[int]) -> None:
    if tuple(tensor.shape) != tuple(shape):
        raise ContextError(f"Its rows want a tensor of shape {tuple(shape)}, got {tuple(tensor.shape)}.")


def _turned(
    keys: torch.Tensor, positions: torch.Tensor, rotary: Rotary | None, *, back: bool
) -> torch.Tensor:
    """Keys (layers, kv_heads, tokens, head_dim) turned by the angles of their positions, or back by them."""
    if rotary is None:
        raise SettingError("Storing as int8 turns keys, which needs the rotary table of the model.")
    cos, sin = (x.detach().to(keys.device).float() for x in rotary(positions))
    size = 2 * cos.shape[-1]
    x1, x2 = keys[..., :size].chunk(2, dim=-1)
    sin = -sin if back else sin
    return torch.cat([x1 * cos - x2 * sin, x2 * cos + x1 * sin, keys[..., size:]], dim=-1)
