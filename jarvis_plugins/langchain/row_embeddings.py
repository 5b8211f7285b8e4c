"""`RowEmbeddings`: hands vectors that are there already to a store that wants to embed texts."""

from __future__ import annotations

import numpy as np
from langchain_core.embeddings import Embeddings

from jarvis_plugins.common.row_space import RowSpace
from jarvis_plugins.common.sealed_row import row_in

__all__ = ["RowEmbeddings"]


class RowEmbeddings(Embeddings):
    """LangChain stores embed the texts that they are given; those of `LangChainVectorIndex` are vectors.

    Args:
        dim: numbers in a vector.
        longest: None for vectors of length 1; else no vector is longer, and those in the store have one
            number more (`RowSpace`).

    Raises:
        InputError, SettingError: what cannot be.
    """

    def __init__(self, dim: int, longest: float | None = None) -> None:
        self.space = RowSpace(dim, longest)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of these texts.

        Raises:
            InputError: a text that is no vector.
        """
        if not texts:
            return []
        vectors: list[list[float]] = self.space.stored(
            np.stack([row_in(text, self.space.dim) for text in texts])
        ).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """What a store is asked for this text; see `embed_documents`."""
        return self.space.asked(row_in(text, self.space.dim))
