"""Somebody else's text encoder as a `TextEmbedder`: what it gives is checked and brought to length 1."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import EmbeddingError, InputError, SettingError

__all__ = ["AdaptedEmbedder"]

_VERSION: Final = "jarvis.adapted.v1"
_PROBE: Final = "a text"

Embed = Callable[[list[str]], Any]


class AdaptedEmbedder:
    """Two functions as a `TextEmbedder`. Threads may share it if they may share the functions.

    Args:
        name: what people call it.
        documents: texts that are looked for to as many rows of numbers.
        questions: likewise for texts that look for others.
        threshold: see `TextEmbedder.threshold`; it belongs to the encoder, so measure it with yours.
        identity: what tells this encoder from all others; vectors are made again when it changes.
        dim: length of a vector; None finds it out with one text when it is first needed.

    Raises:
        SettingError: an empty name or identity, or a threshold that is no cosine.
    """

    def __init__(
        self,
        name: str,
        documents: Embed,
        questions: Embed,
        *,
        threshold: float,
        identity: str,
        dim: int | None = None,
    ) -> None:
        if not name or not identity:
            raise SettingError(f"a text encoder needs a name and an identity, got {name!r} and {identity!r}")
        if not -1.0 <= threshold <= 1.0:
            raise SettingError(f"threshold is a cosine and must be in [-1, 1], got {threshold}")
        self.name, self.threshold = name, threshold
        self._documents, self._questions, self._identity = documents, questions, identity
        self._dim = dim
        self._lock = threading.Lock()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        with self._lock:
            if self._dim is None:
                self._dim = self._rows(self._documents, [_PROBE], None).shape[1]
            return self._dim

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over identity and vector length."""
        return hashlib.sha256(f"{_VERSION}|{self._identity}|{self.dim}".encode()).hexdigest()

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `TextEmbedder.embed_documents`.

        Raises:
            InputError: one string where a sequence is meant.
            EmbeddingError: the encoder fails, or what it gives is no (n, dim) finite rows other than zero.
        """
        return self._embed(self._documents, texts)

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `TextEmbedder.embed_questions`; errors as for `embed_documents`."""
        return self._embed(self._questions, texts)

    def _embed(self, embed: Embed, texts: Sequence[str]) -> NDArray[np.float32]:
        if isinstance(texts, str):
            raise InputError(
                f"texts must be a sequence of strings, got one string {texts[:40]!r}; put it in a list"
            )
        if not len(texts):
            return np.zeros((0, self.dim), np.float32)
        # A lone surrogate (half an emoji) has no UTF-8 form.
        return self._rows(
            embed, [text.encode("utf-8", "replace").decode("utf-8") for text in texts], self.dim
        )

    def _rows(self, embed: Embed, texts: list[str], dim: int | None) -> NDArray[np.float32]:
        try:
            given = np.asarray(embed(texts), dtype=np.float64)
        except Exception as error:  # whatever a library or a service behind it raises
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise EmbeddingError(f"the text encoder {self.name!r} failed: {reason}") from error
        wanted = f"({len(texts)}, {'dim' if dim is None else dim})"
        if given.ndim != 2 or len(given) != len(texts) or given.shape[1] != (dim or given.shape[1] or 1):
            raise EmbeddingError(
                f"the text encoder {self.name!r} gives vectors of shape {given.shape} for {len(texts)} "
                f"texts, {wanted} is needed; use one that gives one vector of one length for each text"
            )
        if not np.isfinite(given).all():
            raise EmbeddingError(
                f"the text encoder {self.name!r} gives numbers that are not finite; use another, or in "
                "another precision"
            )
        largest = np.abs(given).max(axis=1, keepdims=True)
        if not (largest > 0.0).all():
            raise EmbeddingError(
                f"the text encoder {self.name!r} gives a vector of zeros, which points nowhere; use another"
            )
        given /= largest  # a square of what is left cannot overflow
        unit: NDArray[np.float32] = (given / np.linalg.norm(given, axis=1, keepdims=True)).astype(np.float32)
        return unit
