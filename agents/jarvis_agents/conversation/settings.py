"""How a conversation is led: how much of everything it may take."""

from __future__ import annotations

from dataclasses import dataclass

from jarvis_retrievers.errors import SettingError

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a conversation is led.

    Attributes:
        mode: how contexts are made; None leaves it to the memory, and so to the gate.
        max_new_tokens: the most tokens of an answer.
        fact_tokens: the most tokens of the answer to a sub-question about one concept.
        most_together: the most concepts that one question to the model compares; with more it is split.
        most_mapped: the most concepts that one question is asked of, one by one.
        batch_size: how many sub-questions are computed together.
        most_steps: after so many steps a turn ends with a `LoopError`.
        most_looks: the most second looks at one answer.
        most_images: the most pictures of one turn.
        most_characters: the longest message.
        most_turns: how many earlier turns the state keeps.
        alike: two concepts that one region of a picture may show are asked about if the nearer one's distance
            is more than this share of the other's: the ratio test of Lowe, "Distinctive image features from
            scale-invariant keypoints" (IJCV 2004, section 7.1); 1 never asks.
        picture_side: pictures are brought to this many pixels at most, on their longer side.
        picture_bytes: and, as PNG, to so many bytes.
    """

    mode: str | None = None
    max_new_tokens: int = 256
    fact_tokens: int = 64
    most_together: int = 4
    most_mapped: int = 64
    batch_size: int = 8
    most_steps: int = 32
    most_looks: int = 2
    most_images: int = 8
    most_characters: int = 4000
    most_turns: int = 8
    alike: float = 0.85
    picture_side: int = 1024
    picture_bytes: int = 2 * 1024 * 1024

    def __post_init__(self) -> None:
        for name in self.__slots__:
            least = 0 if name == "most_looks" else 1
            value = getattr(self, name)
            if name not in {"mode", "alike"} and (not isinstance(value, int) or value < least):
                raise SettingError(f"{name} must be a whole number of at least {least}, got {value!r}")
        if not 0.0 < self.alike <= 1.0:
            raise SettingError(f"alike must be above 0 and at most 1, got {self.alike!r}")
        if self.picture_side < 32:
            raise SettingError(f"picture_side must be at least 32 pixels, got {self.picture_side}")
