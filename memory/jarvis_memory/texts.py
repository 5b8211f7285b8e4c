"""Vectors that a text encoder makes of concepts: read where they are stored, made where they are not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import CorruptRecordError, SettingError
from jarvis_retrievers.log import log
from jarvis_retrievers.text_embedder import TextEmbedder

from .concept import Concept, Profile
from .intake import Intake
from .store.owner import OwnerStore

__all__ = ["TextKeeper", "check_embedder"]


_BATCH = 256


class TextKeeper:
    """Vectors of the texts that stand for a concept: its caption or category, and its facts.

    They can always be made again, without a photo and without the VLM, and are: where none is stored, where
    another encoder made what is, and where it is damaged.

    Args:
        store: the owner's store.
        embedder: makes the vectors.
    """

    def __init__(self, store: OwnerStore, embedder: TextEmbedder) -> None:
        self._store, self.embedder = store, embedder

    def rows(self, concepts: Sequence[Concept]) -> dict[str, NDArray[np.float32]]:
        """Vectors (m, dim) of each concept by id; m is at least 1.

        Raises:
            EmbeddingError: the encoder fails.
        """
        kept = self._stored(concepts)
        self._make([concept for concept in concepts if concept.id not in kept], kept)
        return kept

    def encode(self, profile: Profile) -> NDArray[np.float16]:
        """Vectors (m, dim) of a profile, as they are stored.

        Raises:
            EmbeddingError: the encoder fails.
        """
        return self.embedder.embed_documents(Intake.descriptions(profile)).astype(np.float16)

    def keep(self, concept: Concept, vectors: NDArray[np.float16]) -> None:
        """Store the vectors of a concept; a home that cannot be written goes without."""
        if not self._store.read_only:
            self._store.put_texts(concept.id, concept.updated, self.embedder.fingerprint, vectors)

    def renew(self, concepts: Sequence[Concept], *, everything: bool = False) -> set[str]:
        """Make what is missing, of another encoder or damaged, or all; returns whose vectors are new, by id.

        Raises:
            EmbeddingError: the encoder fails.
        """
        kept = {} if everything else self._stored(concepts)
        missing = [concept for concept in concepts if concept.id not in kept]
        self._make(missing, kept)
        return {concept.id for concept in missing}

    def _stored(self, concepts: Sequence[Concept]) -> dict[str, NDArray[np.float32]]:
        try:
            found = self._store.texts(self.embedder.fingerprint, [concept.id for concept in concepts])
        except CorruptRecordError as error:
            log("damage.found", what="texts", error=error)
            return {}
        sound = (self.embedder.dim,)
        return {
            key: rows for key, rows in found.items() if rows.shape[1:] == sound and np.isfinite(rows).all()
        }

    def _make(self, concepts: Sequence[Concept], into: dict[str, NDArray[np.float32]]) -> None:
        for start in range(0, len(concepts), _BATCH):
            some = concepts[start : start + _BATCH]
            texts = [Intake.descriptions(concept.profile) for concept in some]
            rows = self.embedder.embed_documents([text for one in texts for text in one])
            ends = np.cumsum([len(one) for one in texts])[:-1]
            for concept, own in zip(some, np.split(rows, ends), strict=True):
                # What is read back is what is searched now, to the bit.
                half = own.astype(np.float16)
                into[concept.id] = half.astype(np.float32)
                self.keep(concept, half)


def check_embedder(texts: TextEmbedder) -> TextEmbedder:
    """A text encoder, unchanged.

    Raises:
        SettingError: it is none.
    """
    if isinstance(texts, type) or not isinstance(texts, TextEmbedder):
        kind = texts.__name__ if isinstance(texts, type) else type(texts).__name__
        raise SettingError(
            f"texts must be a TextEmbedder, got {kind}; wrap it with from_langchain, from_llama_index or "
            "from_sentence_transformers of jarvis_retrievers"
        )
    return texts
