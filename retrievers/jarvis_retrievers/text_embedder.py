"""The contract of every text encoder: questions and documents in one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TextEmbedder"]


@runtime_checkable
class TextEmbedder(Protocol):
    """Maps questions and documents to unit vectors whose inner product says how well they go together.

    Vectors of two embedders with different ``fingerprint`` must never be compared.
    """

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text may give another vector; 1 to 128 letters, digits or ``._:-``."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def threshold(self) -> float:
        """Least inner product of a question and a document that are about the same."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows for texts that are looked for; (0, dim) for no texts."""
        ...

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows for texts that look for others; (0, dim) for no texts."""
        ...
