"""Which frames stand for a video."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from jarvis_retrievers.errors import SettingError
from jarvis_retrievers.frames import FRAME_SIDE, sample_frames
from tests.clips import Frame, encoded, flat

COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (30, 200, 200), (120, 120, 120))
RATE = 8


def colours(stills: tuple[Image.Image, ...]) -> list[object]:
    return [image.getpixel((5, 5)) for image in stills]


def chess(side: int, width: int = 64, height: int = 48) -> Frame:
    y, x = np.mgrid[0:height, 0:width]
    grey = (((x // side + y // side) % 2) * 200).astype(np.uint8)
    return np.stack([grey] * 3, axis=-1)


def runs_of(views: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Colour and length of each run, neighbours of one colour as one."""
    runs: list[tuple[int, int]] = []
    for colour, length in views:
        if runs and runs[-1][0] == colour:
            runs[-1] = (colour, runs[-1][1] + length)
        else:
            runs.append((colour, length))
    return runs


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=8))
def test_every_view_has_its_frame(views: list[tuple[int, int]]) -> None:
    data = encoded([flat(COLOURS[colour]) for colour, length in views for _ in range(length)], rate=RATE)
    runs = runs_of(views)
    found = sample_frames(data, 10)
    assert colours(found.images) == [COLOURS[colour] for colour, _ in runs]
    start = 0
    for (_, length), time in zip(runs, found.times, strict=True):
        assert start / RATE - 2e-3 <= time < (start + length) / RATE
        start += length
    once = sample_frames(data, 10, once=True)
    assert colours(once.images) == [COLOURS[colour] for colour in dict.fromkeys(c for c, _ in runs)]
    assert found.video == hashlib.sha256(data).hexdigest()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=8), st.integers(1, 5))
def test_there_are_never_more_than_wanted(views: list[tuple[int, int]], most: int) -> None:
    data = encoded([flat(COLOURS[colour]) for colour, length in views for _ in range(length)], rate=RATE)
    found = sample_frames(data, most)
    assert 1 <= len(found.stills) <= most
    assert list(found.times) == sorted(set(found.times))
    assert sample_frames(data, most).times == found.times
    fewer = found.fewer(1)
    assert len(fewer.stills) == 1
    assert set(fewer.times) <= set(found.times)


def test_what_lasts_is_kept_before_what_flits_by() -> None:
    views = [(0, 10), (1, 1), (2, 10), (3, 1), (4, 10)]
    data = encoded([flat(COLOURS[colour]) for colour, length in views for _ in range(length)], rate=RATE)
    assert colours(sample_frames(data, 3).images) == [COLOURS[0], COLOURS[2], COLOURS[4]]


def test_the_sharpest_of_a_view_is_taken() -> None:
    sharp = chess(2, 128, 96)
    blurred = [
        np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(radius))) for radius in (2, 1, 1.5)
    ]
    found = sample_frames(encoded([blurred[0], blurred[1], sharp, blurred[2]], rate=RATE), 4)
    assert found.times == pytest.approx([2 / RATE], abs=2e-3)
    assert np.array_equal(np.asarray(found.images[0]), sharp)


def test_a_little_noise_is_no_new_view() -> None:
    rng = np.random.default_rng(0)
    frames = [
        np.clip(chess(16) + rng.integers(-6, 7, (48, 64, 3)), 0, 255).astype(np.uint8) for _ in range(12)
    ]
    assert len(sample_frames(encoded(frames), 6).stills) == 1


def test_large_frames_are_made_smaller() -> None:
    found = sample_frames(encoded([flat((9, 99, 199), (1920, 1080))], ("avi", "png", "rgb24")), 2)
    assert found.images[0].size == (FRAME_SIDE, 720)
    assert found.images[0].getpixel((7, 7)) == (9, 99, 199)


def test_long_videos_are_looked_at_evenly() -> None:
    """300 views in a row: 64 of them are looked at, so those that stay lie all over the video."""
    rng = np.random.default_rng(1)
    blocks = rng.integers(0, 256, (300, 6, 8, 3), dtype=np.uint8)
    frames = list(blocks.repeat(8, axis=1).repeat(8, axis=2))
    found = sample_frames(encoded(frames, rate=10), 6)
    assert len(found.stills) == 6
    for still in found.stills:
        assert np.array_equal(np.asarray(still.image), frames[round(still.time * 10)])


def test_less_than_one_frame_is_refused() -> None:
    with pytest.raises(SettingError, match="at least 1 frame"):
        sample_frames(encoded([flat((0, 0, 0))]), 0)
