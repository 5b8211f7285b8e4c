"""One part of a segment: its profile, or one patch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jarvis_retrievers.errors import ContextError

__all__ = ["Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a segment.

    Tokens and width differ under M-RoPE: an image of 4 x 4 tokens moves the next position by 4 only.
    ``tokens`` indexes the cache, ``width`` the positions; never add one to the other.

    Attributes:
        kind: ``"profile"`` (always first, and only once) or ``"patch"``.
        tokens: How many rows of the cache this part takes.
        width: By how much it moves the next position.
        seen: How many of its tokens come from the vision tower; the others are text.

    Raises:
        ContextError: The kind is unknown, or a number is out of its range.
    """

    kind: Literal["profile", "patch"]
    tokens: int
    width: int
    seen: int

    def __post_init__(self) -> None:
        if self.kind not in ("profile", "patch"):
            raise ContextError(f"A part is 'profile' or 'patch', got {self.kind!r}.")
        # A profile may be empty (photos only), a patch always has its image.
        least = 0 if self.kind == "profile" else 1
        if self.tokens < least or self.width < least:
            raise ContextError(
                f"A {self.kind} part has at least {least} tokens and width, "
                f"got {self.tokens} and {self.width}."
            )
        if not least <= self.seen <= (self.tokens if least else 0):
            raise ContextError(
                f"A {self.kind} part of {self.tokens} tokens cannot have {self.seen} from the vision tower."
            )
