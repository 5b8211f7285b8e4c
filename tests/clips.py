"""Videos made of arrays, for tests: without loss where the codec has none."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

__all__ = ["LOSSLESS", "encoded", "flat"]

Frame = NDArray[np.uint8]

LOSSLESS: Final = (
    ("matroska", "ffv1", "bgr0"),
    ("avi", "ffv1", "bgr0"),
    ("avi", "png", "rgb24"),
    ("mov", "png", "rgb24"),
)
"""Container, codec and pixel format."""


def encoded(
    frames: Sequence[Frame], kind: tuple[str, str, str] = LOSSLESS[0], rate: int = 8, **options: str
) -> bytes:
    """Frames (height, width, 3) as a video file."""
    form, codec, pixels = kind
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> Frame:
    """A frame of one colour, ``size`` as width and height."""
    return np.broadcast_to(np.array(colour, np.uint8), (size[1], size[0], 3)).copy()
