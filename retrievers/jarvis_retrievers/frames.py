"""Which frames of a video stand for it: few, distinct and sharp ones, the same for the same bytes.

The rule. Of at most 64 frames, evenly spread over the video, those are taken together that follow each other
and look alike (their thumbnails differ by less than `NEAR` of the range of a colour on average); of each such
run the sharpest frame stays. While there are more than wanted, two neighbours become one, for which the frame
of the longer run stands: those two for which the difference of their thumbnails, times
``n m / (n + m)`` of the lengths of their runs, is least (the weight of Ward, "Hierarchical grouping to
optimize an objective function", 1963). So what lasts is kept before what flits by. Where every view is wanted
once, a frame that looks like an earlier one is left out too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .errors import SettingError, VideoError
from .video import Still, Video, VideoLimits, read_video

__all__ = ["CANDIDATES", "FRAME_SIDE", "NEAR", "Frames", "sample_frames"]

CANDIDATES: Final = 64
"""How many frames of a video are looked at."""
FRAME_SIDE: Final = 1280
"""Longest side of a frame in pixels; larger ones are made smaller."""
NEAR: Final = 0.02
"""Thumbnails that differ by less on average, as a share of the range of a colour, are of one view."""

_THUMB: Final = 32
_SHARP_SIDE: Final = 256
_MANY: Final = 3600  # frames: beyond these, key frames alone are looked at if they are enough


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The chosen frames of one video.

    Attributes:
        video: SHA-256 (hex) of its bytes.
        stills: in the order of their times; at least one.
    """

    video: str
    stills: tuple[Still, ...]

    @property
    def images(self) -> tuple[Image.Image, ...]:
        """The pictures alone."""
        return tuple(still.image for still in self.stills)

    @property
    def times(self) -> tuple[float, ...]:
        """Seconds from the beginning."""
        return tuple(still.time for still in self.stills)

    def fewer(self, most: int) -> Frames:
        """At most so many of them; of two neighbours that look most alike the sharper one stays.

        Raises:
            SettingError: ``most`` is below 1.
        """
        views = _merged([_view(still) for still in self.stills], _counted(most))
        return Frames(self.video, tuple(view.still for view in views))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A frame with what it is compared by: thumbnail float32 (32, 32, 3) in [0, 1], sharpness, and how many
    frames it stands for.
    """

    still: Still
    thumb: NDArray[np.float32]
    sharpness: float
    length: int = 1


def sample_frames(
    source: str | os.PathLike[str] | bytes,
    most: int,
    *,
    once: bool = False,
    limits: VideoLimits | None = None,
) -> Frames:
    """Choose the frames of a video; see the rule above.

    Args:
        source: a path or the bytes of a file.
        most: how many are chosen at most.
        once: whether a view that comes again is left out.
        limits: what of a video is taken.

    Raises:
        VideoError: as for `read_video`, or no frame can be decoded. SettingError: ``most`` is below 1.
        ExtraError: PyAV is not installed.
    """
    _counted(most)
    clip = read_video(source, limits)
    runs: list[_View] = []
    anchor: _View | None = None
    for still in _candidates(clip):
        view = _view(still)
        if anchor is None or _apart(anchor, view) >= NEAR:
            anchor = view
            runs.append(view)
        else:
            runs[-1] = _one(runs[-1], view)
    if not runs:
        raise VideoError(f"{clip.name} has no frame that can be read; give another video")
    if once:
        runs = _distinct(runs)
    return Frames(clip.digest, tuple(view.still for view in _merged(runs, most)))


def _counted(most: int) -> int:
    if most < 1:
        raise SettingError(f"at least 1 frame is chosen, got {most}")
    return most


def _candidates(clip: Video) -> Iterator[Still]:
    if clip.seconds * clip.rate > _MANY:
        keys = list(_small(clip.stills(clip.seconds / CANDIDATES, keys=True)))
        if len(keys) >= CANDIDATES // 2:
            yield from keys
            return
    yield from _small(clip.stills(clip.seconds / CANDIDATES))


def _small(stills: Iterator[Still]) -> Iterator[Still]:
    for still in stills:
        image = still.image
        if max(image.size) > FRAME_SIDE:
            image.thumbnail((FRAME_SIDE, FRAME_SIDE), Image.Resampling.BICUBIC)
        yield still


def _view(still: Still) -> _View:
    thumb = still.image.resize((_THUMB, _THUMB), Image.Resampling.BOX)
    grey = still.image.convert("L")
    grey.thumbnail((_SHARP_SIDE, _SHARP_SIDE), Image.Resampling.BILINEAR)
    light = np.asarray(grey, dtype=np.float32)
    # The mean squared difference of neighbours: blur takes it away.
    across = [np.square(np.diff(light, axis=axis)) for axis in (0, 1) if light.shape[axis] > 1]
    sharpness = float(sum(part.mean() for part in across))
    return _View(still, np.asarray(thumb, dtype=np.float32) / np.float32(255), sharpness)


def _apart(one: _View, other: _View) -> float:
    return float(np.abs(one.thumb - other.thumb).mean())


def _distinct(views: list[_View]) -> list[_View]:
    """Without those that look like an earlier one; of two the sharper stays."""
    kept: list[_View] = []
    for view in views:
        same = next((place for place, one in enumerate(kept) if _apart(one, view) < NEAR), None)
        if same is None:
            kept.append(view)
        else:
            kept[same] = _one(kept[same], view)
    return sorted(kept, key=lambda view: view.still.time)


def _merged(views: list[_View], most: int) -> list[_View]:
    """Neighbours made one until none are alike and there are few enough; see the rule."""
    views = list(views)
    while len(views) > 1:
        pairs = list(pairwise(views))
        gaps = [_apart(one, other) for one, other in pairs]
        place = int(np.argmin(gaps))
        if gaps[place] < NEAR:
            views[place : place + 2] = [_one(*pairs[place])]
            continue
        if len(views) <= most:
            break
        weights = [one.length * other.length / (one.length + other.length) for one, other in pairs]
        place = int(np.argmin(np.multiply(gaps, weights)))
        one, other = pairs[place]
        longer = one if one.length >= other.length else other
        views[place : place + 2] = [replace(longer, length=one.length + other.length)]
    return views


def _one(one: _View, other: _View) -> _View:
    """The sharper of two that look alike, for both."""
    sharper = one if one.sharpness >= other.sharpness else other
    return replace(sharper, length=one.length + other.length)
