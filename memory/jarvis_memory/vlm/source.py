"""What a segment is encoded from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PIL import Image

from jarvis_retrievers.errors import ConceptNameError, ContextError, ImageError

from .excerpt import Excerpt

__all__ = ["SegmentSource"]


@dataclass(frozen=True, slots=True, eq=False)
class SegmentSource:
    """One concept as the model is shown it: what a segment is encoded from.

    Attributes:
        name: The canonical name, written before and after every patch.
        profile: Lines of text; a line break is put at the end of each, blank lines are left out.
        patches: Crops, the best first.
        photos: Whole photos with the tokens that are kept, behind the patches; each counts as a patch of
            the segment.

    Raises:
        ConceptNameError: The name is blank.
        ImageError: A patch is no PIL image.
    """

    name: str
    profile: str
    patches: tuple[Image.Image, ...] = ()
    photos: tuple[Excerpt, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ConceptNameError(f"A concept has a name, got {self.name!r}.")
        for patch in self.patches:
            if not isinstance(patch, Image.Image):
                raise ImageError(f"A patch is a PIL image, got {type(patch).__name__}.")

    def cut(self, n_patches: int) -> SegmentSource:
        """The same source with its first ``n_patches`` patches only, photos counted behind them.

        Raises:
            ContextError: ``n_patches`` is negative or more than there are.
        """
        there = len(self.patches) + len(self.photos)
        if not 0 <= n_patches <= there:
            raise ContextError(f"This source has {there} patches, cannot cut it to {n_patches}.")
        photos = self.photos[: max(0, n_patches - len(self.patches))]
        return replace(self, patches=self.patches[:n_patches], photos=photos)
