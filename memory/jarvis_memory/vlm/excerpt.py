"""A whole photo, of which some tokens are kept."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from jarvis_retrievers.errors import ImageError, InputError

__all__ = ["Excerpt"]


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A whole photo, and which of the tokens that a model makes of it a segment keeps.

    The vision tower sees the photo in its own proportions, and kept tokens stay where they are on it: under
    M-RoPE their positions are those of the whole photo.

    Attributes:
        photo: RGB.
        kept: Indices of tokens, ascending, from the upper left on, row by row; None keeps all.

    Raises:
        ImageError: The photo is no PIL image.
        InputError: No index, or they do not ascend from 0 on.
    """

    photo: Image.Image
    kept: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.photo, Image.Image):
            raise ImageError(f"A photo is a PIL image, got {type(self.photo).__name__}.")
        kept = self.kept
        if kept is not None and (not kept or kept[0] < 0 or list(kept) != sorted(set(kept))):
            raise InputError(
                f"Tokens to keep are one or more indices that ascend from 0 on, got {kept[:8]}; "
                "None keeps all."
            )
