"""How much of a concept a window shows: the contract, and the prompt-based reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .boxes import Box
from .encoder import ImageTextEncoder

__all__ = ["Candidate", "PatchScorer", "PromptScorer"]

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A window of one photo: which photo, where, and its shorter side relative to the photo's."""

    photo: int
    box: Box
    scale: float


@runtime_checkable
class PatchScorer(Protocol):
    """Says how much of the subject a window shows; attention or a detector may take the place of prompts."""

    def relevance(
        self,
        photos: Sequence[Image.Image],
        candidates: Sequence[Candidate],
        vectors: Vectors,
        prompts: Sequence[str],
        contrast: Sequence[str] = (),
    ) -> NDArray[np.float64]:
        """One number in [0, 1] per candidate; ``vectors`` (n, dim) are the candidates' unit vectors.

        ``contrast`` are texts of what the window shall not show beside the background.
        """
        ...


class PromptScorer:
    """Relevance from text prompts against background prompts.

    For a window vector ``e``, prompts ``p``, background prompts ``b`` and logit scale ``s``::

        relevance(e) = max_p min_b softmax([s cos(e, p), s cos(e, b)])_p

    and 1 where there is no background prompt; texts of ``contrast`` count as background. Relevance map with
    background suppression, in the manner of PersonalKV (arXiv 2510.22765), Algorithm 1, whose equations are
    not fully published.
    """

    def __init__(
        self, encoder: ImageTextEncoder, background_prompts: Sequence[str], logit_scale: float
    ) -> None:
        self._encoder = encoder
        self._background = encoder.encode_texts(list(background_prompts)).astype(np.float64)
        self._scale = logit_scale

    def relevance(
        self,
        photos: Sequence[Image.Image],
        candidates: Sequence[Candidate],
        vectors: Vectors,
        prompts: Sequence[str],
        contrast: Sequence[str] = (),
    ) -> NDArray[np.float64]:
        """See `PatchScorer.relevance`."""
        unwelcome = self._background
        if contrast:
            unwelcome = np.concatenate([unwelcome, self._encoder.encode_texts(list(contrast))])
        if not len(unwelcome):
            return np.ones(len(vectors))
        rows = vectors.astype(np.float64)
        wanted = (rows @ self._encoder.encode_texts(list(prompts)).astype(np.float64).T).max(axis=1)
        unwanted = (rows @ unwelcome.T).max(axis=1)
        # A softmax over two is a sigmoid of the difference, which falls with the unwanted and rises with
        # the wanted cosine: max over p and min over b are the maxima of the two. tanh does not overflow.
        relevance: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * self._scale * (wanted - unwanted)))
        return relevance
