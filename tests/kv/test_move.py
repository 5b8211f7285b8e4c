from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_memory.kv import rotate_keys
from jarvis_retrievers.errors import ContextError
from tests.kv.oracle import error, joint, prefill
from tests.kv.tiny import FAMILIES, Tiny, bo, make_tiny


def turned_in_float64(keys: torch.Tensor, offset: int, inv_freq: torch.Tensor) -> torch.Tensor:
    """The same turn, as a product of complex numbers."""
    half = inv_freq.numel()
    whole = keys.double()
    pairs = torch.complex(whole[..., :half], whole[..., half : 2 * half])
    angle = offset * inv_freq.double()
    pairs = pairs * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([pairs.real, pairs.imag, whole[..., 2 * half :]], dim=-1)


@settings(deadline=None, max_examples=40)
@given(
    offset=st.integers(-100_000, 100_000),
    half=st.integers(1, 8),
    more=st.integers(0, 5),
    seed=st.integers(0, 1000),
)
def test_a_turn_is_a_complex_product(offset: int, half: int, more: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    keys = torch.randn(2, 3, 4, 2 * half + more, generator=generator)
    inv_freq = 1.0 / 1e6 ** (torch.arange(half) / half)
    moved = rotate_keys(keys, offset, inv_freq)
    assert moved.shape == keys.shape
    assert error(moved.double(), turned_in_float64(keys, offset, inv_freq)) < 2e-6


@pytest.mark.parametrize("offset", [1, 37, 1500])
def test_keys_moved_equal_keys_encoded_there(tiny: Tiny, offset: int) -> None:
    inputs = joint(tiny, [bo()])
    inv_freq = tiny.text.rotary_emb.inv_freq
    here, values, _ = prefill(tiny, inputs)
    there, values_there, _ = prefill(tiny, inputs, offset)
    assert error(here, there) > 0.5  # the move matters
    # The model makes its angles in fp32: at position p they are off by up to p units in the last place.
    relative = 1e-5 if offset < 100 else 2 * (offset + here.shape[2]) * 2**-24
    for layer in range(here.shape[0]):
        limit = relative * float(there[layer].abs().max())
        assert error(rotate_keys(here[layer], offset, inv_freq), there[layer]) < limit
    assert error(values, values_there) < relative * float(values.abs().max())


@pytest.mark.parametrize("family", FAMILIES)
def test_attention_scaling_is_not_applied_twice(family: str) -> None:
    yarn = make_tiny(
        family, rope_type="yarn", factor=4.0, original_max_position_embeddings=512, attention_factor=1.5
    )
    rotary = yarn.text.rotary_emb
    assert rotary.attention_scaling == 1.5
    inputs = joint(yarn, [bo()])
    here, _, _ = prefill(yarn, inputs)
    there, _, _ = prefill(yarn, inputs, 37)
    assert error(rotate_keys(here, 37, rotary.inv_freq), there) < 1e-5 * float(there.abs().max())
    assert error(1.5 * rotate_keys(here, 37, rotary.inv_freq), there) > 0.1


def test_offset_zero_is_the_same_tensor() -> None:
    keys = torch.randn(2, 1, 3, 4)
    assert rotate_keys(keys, 0, torch.tensor([1.0, 0.1])) is keys


def test_turned_in_fp32_and_rounded_once() -> None:
    inv_freq = torch.tensor([1.0, 0.3, 0.01])
    keys = torch.randn(2, 2, 50, 6, generator=torch.Generator().manual_seed(3)).bfloat16()
    moved = rotate_keys(keys, 41, inv_freq)
    assert moved.dtype == torch.bfloat16
    assert torch.equal(moved, turned_in_float64(keys, 41, inv_freq).float().bfloat16())


def test_the_given_keys_stay() -> None:
    keys = torch.randn(2, 1, 3, 6)
    before = keys.clone()
    rotate_keys(keys, math.floor(1e4), torch.tensor([1.0, 0.5]))
    assert torch.equal(keys, before)


@pytest.mark.parametrize("inv_freq", [torch.ones(3), torch.ones(0), torch.ones(1, 2)])
def test_frequencies_that_do_not_fit_are_refused(inv_freq: torch.Tensor) -> None:
    with pytest.raises(ContextError, match="head_dim 4"):
        rotate_keys(torch.zeros(1, 1, 1, 4), 5, inv_freq)
