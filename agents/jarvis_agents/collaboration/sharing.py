"""What leaves the machine for the large model: nothing but text, unless the user says more."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_memory.concept import Concept
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import SettingError
from jarvis_retrievers.images import encode_png

from .look import Scene
from .reflection import Reflection
from .region import widened

__all__ = ["Share", "Shared", "SharedImage", "blocks", "check_share", "shown"]

Share = Literal["text", "crops", "photos"]
"""``text``: no picture at all, not even the question's. ``crops``: of the question's pictures the regions of
concepts that are there, and the best patch of each concept that is there, is unsure, or is asked about; none
that is nearly a whole picture or photo. ``photos``: the question's pictures, and the first photo of each such
concept."""

_SIDE: Final = 768
_PART: Final = 0.9


@dataclass(frozen=True, slots=True)
class SharedImage:
    """An image that was sent.

    Attributes:
        what: a whole picture of the question, a region of it, a stored photo, or a patch of one.
        concept: whom it shows; None for a picture of the question.
        width, height: in pixels, as it was sent.
    """

    what: Literal["picture", "region", "photo", "patch"]
    concept: str | None
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What the large model was sent.

    Attributes:
        share: as it was set.
        characters: of text, of all messages together.
        images: each once, though a conversation repeats them.
    """

    share: Share
    characters: int
    images: tuple[SharedImage, ...]


def check_share(share: str) -> Share:
    """The word, if it is one.

    Raises:
        SettingError: another word.
    """
    if share not in get_args(Share):
        raise SettingError(f"share is one of {', '.join(get_args(Share))}, got {share!r}")
    return cast(Share, share)


def shown(
    share: Share,
    memory: PersonalMemory,
    scenes: Sequence[Scene],
    reflections: Sequence[Reflection],
    about: Iterable[Concept],
) -> list[tuple[SharedImage, Image.Image]]:
    """The images that may leave; ``about``: the concepts that are there, are unsure, or are asked about."""
    if share == "text":
        return []
    if share == "photos":
        images = [_sent("picture", None, scene.image) for scene in scenes]
        return images + [
            _sent("photo", concept.name, memory.photo(concept.now.photos[0].id))
            for concept in about
            if concept.photos
        ]
    images = []
    by_number = {scene.number: scene for scene in scenes}
    for one in reflections:
        scene = by_number[one.picture]
        if one.present and one.concept in scene.sightings:
            box = widened(scene.image, scene.sightings[one.concept].region[1])
            if _is_part(box, scene.image.size):
                images.append(_sent("region", one.concept, scene.image.crop(box.as_tuple())))
    for concept in about:
        sizes = {photo.id: (photo.width, photo.height) for photo in concept.photos}
        parts = [patch for patch in concept.now.patches if _is_part(patch.box, sizes[patch.photo_id])]
        if parts:
            piece = memory.photo(parts[0].photo_id).crop(parts[0].box.as_tuple())
            images.append(_sent("patch", concept.name, piece))
    return images


def blocks(images: Iterable[Image.Image]) -> list[dict[str, Any]]:
    """Content blocks of LangChain, PNG without any metadata of a file."""
    return [
        {
            "type": "image",
            "base64": base64.b64encode(encode_png(image)).decode("ascii"),
            "mime_type": "image/png",
        }
        for image in images
    ]


def _is_part(box: Box, size: tuple[int, int]) -> bool:
    return box.width * box.height <= _PART * size[0] * size[1]


def _sent(
    what: Literal["picture", "region", "photo", "patch"], concept: str | None, image: Image.Image
) -> tuple[SharedImage, Image.Image]:
    small = image.convert("RGB")
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return SharedImage(what, concept, small.width, small.height), small
