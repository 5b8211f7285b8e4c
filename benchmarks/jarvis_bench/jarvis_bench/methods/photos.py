"""``photos``: reference images and profiles in the prompt, with every question.

Source: RAP (arXiv 2410.13360, remember, retrieve, generate): the concepts that are found are put before the
question, each with its picture, name and information. Deviations: the model is not tuned for it; all photos
are shown in place of one; who is meant is found as `jarvis_memory` finds it (with thresholds, regions of
several sizes and names) in place of YOLO-World's boxes, CLIP and a fixed K; photos are squares of one size,
padded; the template is that of a segment (profile first, the name on both sides of a photo).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..method import BenchMemory, Introduction, Setting
from .models import Models
from .prompted import PromptedMemory

__all__ = ["PhotosMethod"]


@dataclass(frozen=True)
class PhotosMethod:
    """Shows the photos and profiles of those who are meant."""

    models: Models
    name: str = "photos"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, who finds, and the size of photos."""
        return {**self.models.settings, **self.models.finding, "photo side": self.models.photo_side}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of photos and profiles."""
        return PromptedMemory(self.models, concepts, photos=True)
