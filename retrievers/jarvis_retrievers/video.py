"""Videos in: one door for every clip, safe against broken and hostile files (extra ``video``).

FFmpeg reads hundreds of formats, and some of them name other files or addresses to open. So the container
is told by its first bytes, only its own reader is asked, only of bytes in memory, and only for codecs of a
short list. Sound and subtitles are never decoded.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from .errors import ExtraError, VideoError
from .files import read_file

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["MAX_VIDEO_BYTES", "Still", "Video", "VideoLimits", "check_video_extra", "read_video"]

MAX_VIDEO_BYTES: Final = 256 * 1024 * 1024
"""Largest video file taken, in bytes."""

_ADVICE: Final = "give an MP4, MOV, WEBM, MKV or AVI file"
_CODECS: Final = frozenset(
    ("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mjpeg", "prores", "ffv1", "png", "rawvideo")
)
# No protocol at all: what a file names is not opened.
_OPTIONS: Final = {"protocol_whitelist": "none", "enable_drefs": "0", "use_absolute_path": "0"}
_MATROSKA: Final = "matroska,webm"


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What of a video is taken.

    Attributes:
        bytes: of the file.
        seconds: of its length.
        pixels: of one frame.
        total_pixels: of all frames that are decoded.
    """

    bytes: int = MAX_VIDEO_BYTES
    seconds: float = 600.0
    pixels: int = 4096 * 2304
    total_pixels: int = 60_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A frame: RGB, upright, without metadata, and its time in seconds from the beginning."""

    time: float
    image: Image.Image


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """A video whose header has been read and found good.

    Attributes:
        data: the bytes of the file.
        name: how messages call it.
        digest: SHA-256 (hex) of the bytes.
        seconds: its length as the header says; 0 where it does not.
        rate: frames in a second as the header says; 0 where it does not.
        limits: what was allowed.
    """

    data: bytes
    name: str
    digest: str
    seconds: float
    rate: float
    limits: VideoLimits

    def stills(self, step: float = 0.0, *, keys: bool = False) -> Iterator[Still]:
        """Frames in the order of their times, at least ``step`` seconds apart; what is skipped is not
        converted.

        Args:
            step: seconds.
            keys: whether only key frames are decoded, which takes a fraction of the time.

        Raises:
            VideoError: damaged, or longer or larger than its header said.
        """
        with _opened(self.data, self.name, self.limits) as (container, stream):
            if keys:
                stream.codec_context.skip_frame = "NONKEY"
            decoded, start, due = 0, None, -math.inf
            for frame in _frames(container, stream):
                decoded += frame.width * frame.height
                self._check(frame, decoded)
                if frame.pts is None or frame.time is None:
                    continue
                start = frame.time if start is None else start
                time = max(0.0, frame.time - start)
                if time > self.limits.seconds:
                    raise _too_long(self.name, self.limits)
                # Times are sums of fractions: half a millisecond is no step.
                if time >= due - 5e-4:
                    due = time + step
                    yield Still(time, _upright(frame))

    def _check(self, frame: Any, decoded: int) -> None:
        _check_size(frame.width, frame.height, self.name, self.limits)
        if decoded > self.limits.total_pixels:
            raise VideoError(f"{self.name} has too many frames to decode; give a shorter or smaller video")


def read_video(source: str | os.PathLike[str] | bytes, limits: VideoLimits | None = None) -> Video:
    """Read a video file and its header; no frame is decoded.

    Args:
        source: a path (``~`` allowed), or the bytes of a file.
        limits: what is allowed.

    Raises:
        VideoError: missing, no regular file, empty, too large, too long, in another format, or broken; one
            line that names the source.
        ExtraError: PyAV is not installed.
    """
    check_video_extra()
    limits = limits or VideoLimits()
    if isinstance(source, (bytes, bytearray, memoryview)):
        name, data = "the video bytes", bytes(source)
    elif isinstance(source, (str, os.PathLike)):
        name = f"video {os.fspath(source)!r}"
        data = read_file(source, name, limits.bytes, VideoError, _ADVICE)
    else:
        raise VideoError(f"a video must be a path or bytes, got {type(source).__name__}")
    if not data:
        raise VideoError(f"{name} is empty (0 bytes); {_ADVICE}")
    if len(data) > limits.bytes:
        raise VideoError(f"{name} is larger than {limits.bytes / 2**20:g} MB; give a smaller file")
    with _opened(data, name, limits) as (container, stream):
        seconds, rate = _seconds(container, stream), float(stream.average_rate or 0)
    if seconds > limits.seconds:
        raise _too_long(name, limits)
    return Video(data, name, hashlib.sha256(data).hexdigest(), seconds, rate, limits)


def check_video_extra() -> None:
    """Let only pass where videos can be read.

    Raises:
        ExtraError: PyAV is not installed.
    """
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise ExtraError(
            'videos need PyAV, which is not installed; run: pip install "jarvis-plugins[video]"'
        ) from error


@contextmanager
def _opened(data: bytes, name: str, limits: VideoLimits) -> Iterator[tuple[InputContainer, VideoStream]]:
    import av

    form = _format(data)
    if form is None:
        raise VideoError(f"{name} is not a video that can be read; {_ADVICE}")
    try:
        with av.open(io.BytesIO(data), "r", format=form, container_options=_OPTIONS) as container:
            if not container.streams.video:
                raise VideoError(f"{name} holds no pictures; {_ADVICE}")
            stream = container.streams.video[0]
            codec = stream.codec_context
            if codec.name not in _CODECS and codec.codec.canonical_name not in _CODECS:
                raise VideoError(
                    f"{name} has pictures of the kind {codec.name!r}, which is not read; {_ADVICE}"
                )
            _check_size(codec.width, codec.height, name, limits)
            codec.options = {"max_pixels": str(limits.pixels)}
            stream.thread_type = "AUTO"
            yield container, stream
    except (av.FFmpegError, ValueError, OverflowError, EOFError, IndexError) as error:
        if isinstance(error, VideoError):
            raise
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise VideoError(f"{name} is damaged or cut short ({reason}); {_ADVICE}") from error


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[Any]:
    yield from container.decode(stream)


def _format(data: bytes) -> str | None:
    """The reader of a container, by the bytes that it starts with."""
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return _MATROSKA
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "avi"
    return None


def _seconds(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    # In microseconds.
    return (container.duration or 0) / 1e6


def _check_size(width: int, height: int, name: str, limits: VideoLimits) -> None:
    if width < 1 or height < 1:
        raise VideoError(f"{name} has no pixels ({width} x {height}); {_ADVICE}")
    if width * height > limits.pixels:
        raise VideoError(
            f"{name} has frames of {width:,} x {height:,} pixels, more than the {limits.pixels:,} allowed; "
            "give a smaller video"
        )


def _too_long(name: str, limits: VideoLimits) -> VideoError:
    return VideoError(f"{name} is longer than {limits.seconds:g} seconds; cut out the part that matters")


def _upright(frame: Any) -> Image.Image:
    """RGB, turned as the file says it is to be shown (quarters of a turn only)."""
    image: Image.Image = frame.to_image()
    turn = {
        90: Image.Transpose.ROTATE_90,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_270,
    }.get(round(frame.rotation) % 360)
    return image if turn is None else image.transpose(turn)
