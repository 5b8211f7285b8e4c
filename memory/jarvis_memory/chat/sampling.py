"""How the next token is chosen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jarvis_retrievers.errors import SettingError

if TYPE_CHECKING:
    import torch

__all__ = ["Sampling"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 always takes the most likely token; else the logits are divided by it.
        top_p: only the most likely tokens that have this share of the probability together (nucleus sampling,
            arXiv 1904.09751, section 3.1).
        seed: the same seed and the same question have the same answer; None for another one each time.

    Raises:
        SettingError: a number out of its range.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise SettingError(f"temperature is 0 or more, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise SettingError(f"top_p is above 0 and at most 1, got {self.top_p}")

    def chooser(self) -> Callable[[torch.Tensor], int]:
        """What chooses from (vocabulary,) logits, for one answer."""
        if self.temperature == 0:
            return lambda logits: int(logits.argmax())
        import torch

        generator = torch.Generator()  # on the CPU, so that a seed means the same everywhere
        if self.seed is None:
            generator.seed()
        else:
            generator.manual_seed(self.seed)

        def choose(logits: torch.Tensor) -> int:
            chances, ids = torch.softmax(logits.cpu().double() / self.temperature, -1).sort(descending=True)
            # What comes before a token decides whether it is still in; the first one always is.
            chances[chances.cumsum(-1) - chances >= self.top_p] = 0.0
            return int(ids[torch.multinomial(chances, 1, generator=generator)])

        return choose
