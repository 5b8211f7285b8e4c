"""Whether what is to be seen in a region has the attributes of a fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from PIL import Image

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.crops import crop

if TYPE_CHECKING:
    from .models import Models

__all__ = ["agreement", "described", "shared"]

_ALL = "Who is in the picture?"
_HAS = "Does the picture show {what}? Answer with Yes or No only."
_MOST = 40


def described(models: Models, image: Image.Image, box: Box) -> tuple[str, ...]:
    """What Pocket, who is told of nobody, says first of a region: such as ``("red cat", "blue hat")``."""
    from jarvis_agents.collaboration.reading import figures
    from jarvis_agents.collaboration.region import cut_out

    said = ""
    # It goes on about whom that might be; it is not listened to.
    with closing(models.vlm.stream(None, _ALL, [cut_out(image, box)], _MOST)) as pieces:  # type: ignore[type-var]
        for piece in pieces:
            said += piece
            if "." in said:
                break
    return next((figure.phrases for figure in figures(said)), ())


def shared(seen: Sequence[str], known: Sequence[str]) -> float:
    """The share of what is seen that is known, 0 if nothing is seen; what is hidden does not count."""
    return sum(part in known for part in seen) / len(seen) if seen else 0.0


def agreement(models: Models, image: Image.Image, box: Box, phrases: Sequence[str]) -> float:
    """The share of a fingerprint's attributes that a model, asked one by one, affirms of a region, 0 to 1."""
    from jarvis_memory.profile import with_article

    region = crop(image, box, models.photo_side)
    asked = [_HAS.replace("{what}", with_article(one)) for one in phrases]
    says = [models.vlm.generate(None, one, [region], 4).text for one in asked]
    return sum(said.strip().casefold().startswith("yes") for said in says) / max(1, len(says))
