"""``text``: profiles in the prompt.

Source: the text prompts that Yo'LLaVA (arXiv 2406.09400) compares with, "<name> is ...".
Deviations: profiles are what the notes say, no model describes the photos; who is meant is found as
`jarvis_memory` finds it, where Yo'LLaVA is told; the question comes behind the profiles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..method import BenchMemory, Introduction, Setting
from .models import Models
from .prompted import PromptedMemory

__all__ = ["TextMethod"]


@dataclass(frozen=True)
class TextMethod:
    """Shows the profiles of those who are meant."""

    models: Models
    name: str = "text"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The model, and who finds."""
        return {**self.models.settings, **self.models.finding}

    def open(self, concepts: Sequence[Introduction]) -> BenchMemory:
        """A memory of profiles."""
        return PromptedMemory(self.models, concepts, photos=False)
