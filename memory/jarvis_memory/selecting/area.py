"""How much of a photo its subject takes."""

from __future__ import annotations

import re

from PIL import Image

from jarvis_retrievers.errors import ContextError

from ..vlm import VLM

__all__ = ["asked_area"]

_ASK = "What percentage of the picture does {name} take up? Answer with a number only."
_NUMBER = re.compile(r"\s*(?:about |around |~ ?)?(\d{1,3}(?:\.\d+)?) ?(?:%|percent)?\.?\s*\Z", re.IGNORECASE)


def asked_area(vlm: VLM, photo: Image.Image, name: str) -> float | None:
    """What the model says in percent (Ego, arXiv 2603.09771, section 3.3); None if that is no such number."""
    try:
        said = vlm.generate(None, _ASK.format(name=name), [photo], 12).text
    except ContextError:  # a photo as large as the window; nothing is lost but the number
        return None
    found = _NUMBER.match(said)
    value = float(found[1]) if found else 0.0
    return value if 0 < value <= 100 else None
