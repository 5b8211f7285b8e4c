"""How far the stored segments of a model reach."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Reach"]


@dataclass(frozen=True, slots=True)
class Reach:
    """How many stored segments one context of a model may have.

    Attributes:
        segments: None: any number. 1: one, where it was encoded. 0: no rows can be stored, all is computed
            with each question.
        why: What about the model keeps it from more; words to put behind "it has".
    """

    segments: int | None = None
    why: str = ""
