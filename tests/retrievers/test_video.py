"""Videos in: what is read is what was written, and nothing else than videos gets through."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from jarvis_retrievers.errors import ExtraError, InputError, VideoError
from jarvis_retrievers.images import encode_png
from jarvis_retrievers.video import Still, VideoLimits, read_video
from tests.clips import LOSSLESS, Frame, encoded, flat

RNG = np.random.default_rng(0)


def noise(width: int = 48, height: int = 32) -> Frame:
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth(turn: int) -> Frame:
    """Colours without edges, which lossy codecs keep."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([x * 3, y * 4, np.full_like(x, 20 * turn)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("kind", LOSSLESS, ids="-".join)
def test_frames_are_those_that_were_written(kind: tuple[str, str, str]) -> None:
    frames = [noise() for _ in range(5)]
    video = read_video(encoded(frames, kind, rate=4))
    stills = list(video.stills())
    assert [still.time for still in stills] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0], abs=2e-3)
    for still, frame in zip(stills, frames, strict=True):
        assert np.array_equal(np.asarray(still.image), frame)
    assert video.seconds == pytest.approx(1.25, abs=0.01)
    assert video.rate == 4


@pytest.mark.parametrize(
    "kind",
    [("mp4", "libx264", "yuv420p"), ("mp4", "mpeg4", "yuv420p"), ("webm", "libvpx-vp9", "yuv420p")],
    ids="-".join,
)
def test_lossy_frames_are_near(kind: tuple[str, str, str]) -> None:
    frames = [smooth(turn) for turn in range(6)]
    stills = list(read_video(encoded(frames, kind)).stills())
    assert len(stills) == 6
    for still, frame in zip(stills, frames, strict=True):
        apart = np.abs(np.asarray(still.image, dtype=int) - frame)
        assert apart.mean() < 4


def test_steps_leave_frames_out() -> None:
    video = read_video(encoded([flat((10 * n, 0, 0)) for n in range(17)], rate=8))
    assert [still.time for still in video.stills(0.5)] == pytest.approx([0, 0.5, 1.0, 1.5, 2.0], abs=2e-3)


def test_key_frames_alone() -> None:
    frames = [smooth(n % 12) for n in range(24)]
    data = encoded(frames, ("mp4", "libx264", "yuv420p"), g="8", sc_threshold="0")
    times = [still.time for still in read_video(data).stills(keys=True)]
    assert times == pytest.approx([0, 1, 2])


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((0, 1, -1, 0), Image.Transpose.ROTATE_270),  # a quarter, clockwise
        ((-1, 0, 0, -1), Image.Transpose.ROTATE_180),
        ((0, -1, 1, 0), Image.Transpose.ROTATE_90),
    ],
)
def test_the_turn_of_a_telephone_is_applied(matrix: tuple[int, ...], turn: Image.Transpose) -> None:
    frame = noise()
    data = bytearray(encoded([frame] * 2, ("mov", "png", "rgb24")))
    # ISO/IEC 14496-12, 8.3.2: the matrix (a, b, u, c, d, v, x, y, w) lies 40 bytes behind the version.
    at = data.index(b"tkhd") + 4 + 40
    for place, value in zip((0, 4, 12, 16), matrix, strict=True):
        data[at + place : at + place + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    still = next(iter(read_video(bytes(data)).stills()))
    assert np.array_equal(np.asarray(still.image), np.asarray(Image.fromarray(frame).transpose(turn)))


def test_paths_are_read(tmp_path: Path) -> None:
    data = encoded([flat((1, 2, 3))])
    (tmp_path / "a b.mkv").write_bytes(data)
    assert read_video(tmp_path / "a b.mkv").digest == read_video(data).digest
    assert read_video(str(tmp_path / "a b.mkv")).data == data


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (VideoLimits(bytes=100), "larger than"),
        (VideoLimits(seconds=1.0), "longer than 1 seconds"),
        (VideoLimits(pixels=3000), "64 x 48 pixels, more than the 3,000 allowed"),
    ],
)
def test_limits_are_checked_before_a_frame_is_decoded(
    limits: VideoLimits, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded([flat((n, 0, 0)) for n in range(16)])
    read_video(data)

    def never(*_: object) -> None:
        raise AssertionError("a frame was decoded")

    monkeypatch.setattr("jarvis_retrievers.video._frames", never)
    with pytest.raises(VideoError, match=said):
        read_video(data, limits)


def test_what_the_header_does_not_say_is_counted() -> None:
    data = encoded([flat((n, 0, 0)) for n in range(16)])
    with pytest.raises(VideoError, match="too many frames"):
        list(read_video(data, VideoLimits(total_pixels=64 * 48 * 10)).stills())
    video = read_video(data, VideoLimits(seconds=2.5))
    short = type(video)(data, video.name, video.digest, 0.0, 0.0, VideoLimits(seconds=1.0))
    with pytest.raises(VideoError, match="longer than 1 seconds"):
        list(short.stills())


def sound() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"hello", "not a video"),
        (encode_png(Image.new("RGB", (8, 8))), "not a video"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not a video"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "not a video"),
        (b"v=0\r\no=- 0 0 IN IP4 localhost\r\ns=x\r\nm=video 5004 RTP/AVP 96\r\n", "not a video"),
        (b"<?xml version='1.0'?><MPD></MPD>", "not a video"),
        (b"\x00\x00\x00\x10ftypisom" + bytes(100), "damaged|no pictures"),
        (b"\x1a\x45\xdf\xa3" + bytes(100), "damaged|no pictures"),
        (b"RIFF\x00\x00\x00\x00AVI " + bytes(100), "damaged|no pictures"),
        (sound(), "no pictures"),
        (encoded([flat((0, 0, 0))], ("matroska", "mpeg2video", "yuv420p"), rate=25), "which is not read"),
    ],
)
def test_what_is_no_video_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(VideoError, match=said):
        list(read_video(data).stills())


@pytest.mark.parametrize(
    "address", ["http://example.org/a.mp4", "rtsp://example.org/a", "file:///etc/passwd"]
)
def test_addresses_are_paths_that_are_not_there(address: str) -> None:
    with pytest.raises(VideoError, match="was not found"):
        read_video(address)


def test_other_things_than_files_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path, said in ((tmp_path, "is a directory"), (tmp_path / "pipe.mp4", "not a regular file")):
        with pytest.raises(VideoError, match=said):
            read_video(path)
    with pytest.raises(VideoError, match="must be a path or bytes, got int"):
        read_video(3)  # type: ignore[arg-type]


WHOLE = [encoded([noise() for _ in range(4)], kind) for kind in LOSSLESS] + [
    encoded([smooth(n) for n in range(6)], ("mp4", "libx264", "yuv420p"))
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(WHOLE), st.data())
def test_damage_gives_frames_or_a_clear_error(whole: bytes, data: st.DataObject) -> None:
    spoilt = bytearray(whole[: data.draw(st.integers(1, len(whole)), label="length")])
    for _ in range(data.draw(st.integers(0, 8), label="flips")):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    told: InputError | None = None
    stills: list[Still] = []
    try:
        stills = list(read_video(bytes(spoilt), VideoLimits(total_pixels=10_000_000)).stills())
    except InputError as error:
        told = error
    assert told is None or (isinstance(told, VideoError) and "\n" not in str(told))
    assert all(still.time >= 0 and still.image.mode == "RGB" for still in stills)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ExtraError, match=r'pip install "jarvis-plugins\[video\]"'):
        read_video(WHOLE[0])
