"""Videos that are remembered: the frames that stand for them, each with where it is from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.frames import sample_frames
from jarvis_retrievers.images import load_image, pixel_digest

from .concept import Moment

__all__ = ["REMEMBERED_FRAMES", "Footage", "Video", "filmed"]

REMEMBERED_FRAMES = 6
"""How many frames of one video are remembered at most."""

Video = str | os.PathLike[str] | bytes
"""A video as a path or the bytes of a file."""


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Frames of videos, in order, and by the digest of its pixels where each is from."""

    images: tuple[Image.Image, ...] = ()
    moments: Mapping[str, Moment] = field(default_factory=dict)


def filmed(videos: Sequence[Video]) -> Footage:
    """The frames of videos that are remembered; a view that comes again in a video counts once.

    Raises:
        VideoError: a video that cannot be used. InputError: one video where a list is wanted.
        ExtraError: PyAV is not installed.
    """
    if isinstance(videos, (str, bytes, os.PathLike)):
        raise InputError(f"videos must be a list, got one {type(videos).__name__}; write videos=[...]")
    images: list[Image.Image] = []
    moments: dict[str, Moment] = {}
    for video in videos:
        frames = sample_frames(video, REMEMBERED_FRAMES, once=True)
        for still in frames.stills:
            image = load_image(still.image)
            images.append(image)
            # The same picture in two videos is of the first.
            moments.setdefault(pixel_digest(image), Moment(video=frames.video, seconds=round(still.time, 3)))
    return Footage(tuple(images), moments)
