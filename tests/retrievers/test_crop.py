from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.patches import crop


def test_crop_is_exact_when_nothing_is_resized() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    piece = crop(Image.fromarray(pixels), Box(5, 3, 15, 13), 10)
    np.testing.assert_array_equal(np.asarray(piece), pixels[3:13, 5:15])


def test_crop_averages_when_shrinking_and_pads_with_the_rim() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    small = np.asarray(crop(Image.fromarray(pixels), Box(0, 0, 8, 8), 4)).astype(float)
    blocks = pixels.reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - blocks).max() <= 1.0  # two passes, each rounded
    wide = crop(Image.new("RGB", (8, 4), (9, 90, 200)), Box(0, 0, 8, 4), 8)
    assert wide.size == (8, 8)
    assert wide.getcolors() == [(64, (9, 90, 200))]
    stripe = Image.new("RGB", (6, 2), "white")
    stripe.paste("black", (0, 1, 6, 2))
    padded = crop(stripe, Box(0, 0, 6, 2), 6)
    assert padded.getpixel((0, 0)) == (128, 128, 128)
    assert padded.getpixel((3, 2)) == (255, 255, 255)
    assert padded.getpixel((3, 3)) == (0, 0, 0)
    turned = crop(stripe.transpose(Image.Transpose.TRANSPOSE), Box(0, 0, 2, 6), 6)
    np.testing.assert_array_equal(np.asarray(turned), np.asarray(padded).transpose(1, 0, 2))


def test_crop_refuses_what_is_not_there() -> None:
    with pytest.raises(InputError, match="outside"):
        crop(Image.new("RGB", (4, 4)), Box(0, 0, 5, 4), 4)
    with pytest.raises(InputError, match="side"):
        crop(Image.new("RGB", (4, 4)), Box(0, 0, 4, 4), 0)
    assert crop(Image.new("L", (4, 4), 7), Box(0, 0, 4, 4), 9).getpixel((0, 0)) == (7, 7, 7)
