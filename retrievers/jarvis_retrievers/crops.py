"""Cutting a box out of an image, as the square that encoders take."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .boxes import Box
from .errors import InputError

__all__ = ["crop"]


def crop(image: Image.Image, box: Box, side: int) -> Image.Image:
    """The box as an RGB square of ``side`` pixels; an oblong box is padded with the mean colour of its rim.

    Raises:
        InputError: a box that reaches outside the image, or a side below 1.
    """
    if side < 1:
        raise InputError(f"the side of a crop must be at least 1 pixel, got {side}")
    if box.right > image.width or box.bottom > image.height:
        raise InputError(f"{box} reaches outside an image of {image.width} x {image.height} pixels")
    piece = image.convert("RGB").crop(box.as_tuple()) if image.mode != "RGB" else image.crop(box.as_tuple())
    if piece.width != piece.height:
        pixels = np.asarray(piece, dtype=np.float64)
        rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).mean(axis=0)
        red, green, blue = (int(value + 0.5) for value in rim)
        longer = max(piece.size)
        square = Image.new("RGB", (longer, longer), (red, green, blue))
        square.paste(piece, ((longer - piece.width) // 2, (longer - piece.height) // 2))
        piece = square
    # Averaging when shrinking keeps colours and does not ring; LANCZOS when growing keeps edges.
    way = Image.Resampling.BOX if piece.width >= side else Image.Resampling.LANCZOS
    return piece.resize((side, side), way)
