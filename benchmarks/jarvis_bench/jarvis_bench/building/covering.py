"""A photo with one detail covered: it shows who it is, and not what is asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.crops import crop
from jarvis_retrievers.images import encode_png, pixel_digest

from ..item import Picture
from ..looks import look_of
from ..reading import plain_text
from .gather import Known
from .hearing import Exhibit, Hearing, Say
from .mined import Mined
from .proposal import Spot, Testimony
from .settings import BuildSettings
from .settling import Settled
from .witness import Witness

__all__ = ["Cover", "cover", "covered", "saved"]


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """A covered photo.

    Attributes:
        image: the photo, the box painted over; None where no cover hides the detail.
        spot: the patch whose covering hides it.
        box: what is painted over, larger than the patch.
        testimonies: what was said of patches alone and of covered photos.
    """

    image: Image.Image | None
    spot: Spot | None
    box: Box | None
    testimonies: tuple[Testimony, ...]


def covered(photo: Image.Image, box: Box) -> Image.Image:
    """A copy with the box painted in the mean colour of its rim."""
    pixels = np.asarray(photo.convert("RGB"), dtype=np.float64)[box.top : box.bottom, box.left : box.right]
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).mean(axis=0)
    red, green, blue = (int(value + 0.5) for value in rim)
    copy = photo.convert("RGB")
    copy.paste((red, green, blue), box.as_tuple())
    return copy


def cover(
    known: Known,
    mined: Mined,
    settled: Settled,
    witness: Witness,
    say: Say,
    settings: BuildSettings,
    side: int,
) -> Cover:
    """Cover the detail of the last photo.

    The first patch of it is taken that says the answer alone, and without which the same patches of the photo
    say it no more: what is covered is where the model has it from.

    Args:
        known, mined, settled: the concept, and the detail.
        witness, say: who is asked.
        settings: how much larger than the patch the cover is.
        side: of crops, in pixels.
    """
    photo, view, parts = mined.photos[-1], mined.views[-1], mined.details[-1]
    answer, hearing = plain_text(settled.answer), Hearing(known, settled.part, witness, say)
    pieces = [
        Exhibit("crop", (spot,), (piece,)) for spot, piece in zip(parts.spots, parts.crops, strict=True)
    ]
    alone = [answer] * len(pieces)
    if settings.checks:
        alone = hearing.hear([(piece, settled.question) for piece in pieces])
    for spot in (spot for spot, said in zip(parts.spots, alone, strict=True) if said == answer):
        box = _larger(Box(*spot.box), settings.cover, photo)
        painted = covered(photo, box)
        without = [
            tuple(crop(painted, Box(*one.box), side) for one in spots) for spots in (view.spots, parts.spots)
        ]
        tries = [(Exhibit("covered", (spot,), pictures), settled.question) for pictures in without]
        if settings.checks and answer in hearing.hear(tries):
            continue
        return Cover(painted, spot, box, tuple(hearing.heard))
    return Cover(None, None, None, tuple(hearing.heard))


def saved(image: Image.Image, root: Path) -> Picture:
    """Write a picture below the root, under a name that says nothing."""
    data = encode_png(image)
    path = f"photos/{hashlib.sha256(data).hexdigest()[:24]}.png"
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return Picture(path=path, digest=pixel_digest(image), look=look_of(image))


def _larger(box: Box, factor: float, photo: Image.Image) -> Box:
    """A box so many times as wide and high about the same centre, cut at the edges of the photo."""
    x, y = (factor - 1) * box.width / 2, (factor - 1) * box.height / 2
    return Box(
        max(0, round(box.left - x)),
        max(0, round(box.top - y)),
        min(photo.width, round(box.right + x)),
        min(photo.height, round(box.bottom + y)),
    )
