"""Whether what is to be seen in a region has the attributes of a fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.crops import crop

from .models import MOST_TOKENS

if TYPE_CHECKING:
    from jarvis_agents.collaboration.reading import Figure

    from .models import Models

__all__ = ["agreement", "described"]

_ALL = "Who is in the picture?"
_HAS = "Does the picture show {what}? Answer with Yes or No only."


def described(models: Models, image: Image.Image) -> list[Figure]:
    """What Pocket tells of a picture without knowing anybody; nothing of another model, which is asked."""
    from jarvis_agents.collaboration.reading import figures

    if models.voice.name == "plain":
        return []
    return figures(models.vlm.generate(None, _ALL, [image], MOST_TOKENS).text)


def agreement(
    models: Models, seen: Sequence[Figure], image: Image.Image, box: Box, phrases: Sequence[str]
) -> float:
    """The share of what is seen that a fingerprint has, 0 to 1.

    Of Pocket that of the figure which stands where the region is, or of the best where none does; of another
    model the share of attributes that it affirms of the region.

    Args:
        models: the model and its voice.
        seen: what `described` gave.
        image: the picture.
        box: the region.
        phrases: of the fingerprint, such as ``"blue hat"``.
    """
    from jarvis_agents.collaboration.reading import phrase
    from jarvis_agents.collaboration.region import column
    from jarvis_memory.profile import with_article

    known = {phrase(one) for one in phrases}
    if models.voice.name == "plain":
        region = crop(image, box, models.vlm.patch_side)
        asked = [_HAS.replace("{what}", with_article(one)) for one in known]
        says = [models.vlm.generate(None, one, [region], 4).text for one in asked]
        return sum(said.strip().casefold().startswith("yes") for said in says) / max(1, len(says))
    where = column(box, image.width)
    here = [one for one in seen if one.place in (None, where)] or list(seen)
    return max((sum(part in known for part in one.phrases) / len(one.phrases) for one in here), default=0.0)
