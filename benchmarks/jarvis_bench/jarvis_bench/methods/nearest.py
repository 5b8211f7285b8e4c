"""Whoever is nearest, without any threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PIL import Image

from jarvis_retrievers.names import match_names

if TYPE_CHECKING:
    from ..method import Query
    from .models import Models

__all__ = ["Nearest", "named_in"]


class Nearest:
    """RAP's retrieval (arXiv 2410.13360, section 3.2): regions of a picture against photos, the K best.

    Args:
        models: the encoder, and which windows are looked at.
        photos: of each concept, by name.
    """

    def __init__(self, models: Models, photos: Mapping[str, Sequence[Image.Image]]) -> None:
        self._models = models
        self._vectors = {name: models.encoder.encode_images(some) for name, some in photos.items()}

    def nbytes(self, name: str) -> int:
        """Bytes of a concept's vectors."""
        return self._vectors[name].nbytes

    def find(self, query: Query, k: int) -> list[str]:
        """Those whom a query is told of; else whom it names, and with pictures the k nearest others."""
        named = named_in(query, [*self._vectors], self._models.tuning.retriever.name_cutoff)
        if query.told is not None or not query.images or not self._vectors:
            return named
        from .training.heads import views_of

        config = self._models.tuning.retriever
        windows = views_of(
            self._models.encoder,
            query.images,
            config.side,
            scales=config.image_scales,
            overlap=config.image_overlap,
            mirrored=False,
        )
        best = {name: float((windows @ rows.T).max()) for name, rows in self._vectors.items()}
        near = sorted((name for name in best if name not in named), key=lambda name: (-best[name], name))
        # Who is named takes a place among the k.
        return [*named, *near[: max(0, k - len(named))]]


def named_in(query: Query, known: Sequence[str], cutoff: float) -> list[str]:
    """Whom a query is told of, or else names, as far as they are known.

    Args:
        query: what is asked.
        known: names.
        cutoff: least likeness of a misspelt name, 0 to 100.
    """
    if query.told is not None:
        return [name for name in query.told if name in known]
    matches = match_names(query.question, {name: (name,) for name in known}, cutoff)
    return list(dict.fromkeys(match.key for match in matches))
