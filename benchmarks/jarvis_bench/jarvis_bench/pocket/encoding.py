"""Drawn frames as a video file: H.264 where PyAV's build has it, else MPEG-4; the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from PIL import Image

from jarvis_retrievers.video import check_video_extra

if TYPE_CHECKING:
    from av.video.stream import VideoStream

__all__ = ["encode_clip"]


def encode_clip(frames: Sequence[Image.Image], rate: int) -> bytes:
    """An MP4 file of RGB frames of one size (even numbers of pixels), ``rate`` of them a second.

    Raises:
        ExtraError: PyAV is not installed.
    """
    check_video_extra()
    import av

    # More than one thread would cut frames into slices of its own.
    codec, options = (
        ("libx264", {"crf": "16", "threads": "1"})
        if "libx264" in av.codecs_available
        else ("mpeg4", {"qscale": "2", "threads": "1"})
    )
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = cast("VideoStream", container.add_stream(codec, rate=rate, options=options))
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode())
    return buffer.getvalue()
