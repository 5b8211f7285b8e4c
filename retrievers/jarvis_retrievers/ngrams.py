"""The reference text encoder: hashed pieces of words, for tests and for trying things out without a model."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, SettingError
from .stopwords import COMMON, FUNCTION

__all__ = ["NgramEmbedder"]

_VERSION: Final = "jarvis.ngrams.v1"
_SIZES: Final = (3, 4, 5)
# What "like" says of who is meant, against what "noodles" says.
_COMMON_WEIGHT: Final = 0.25


class NgramEmbedder:
    """A dependency-free `TextEmbedder`: deterministic, no weights; knows spellings, not meanings.

    A word is the sum of its hashed pieces of 3 to 5 letters and of itself, each with a sign, brought to
    length 1; a text is the sum of its words, without stop words. "noodle" and "noodles" are near, "noodles"
    and "pasta" are not.

    Source: Bojanowski et al., "Enriching Word Vectors with Subword Information" (TACL 2017), section 3.2, for
    the pieces; Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (ICML 2009), for the
    signs.

    Args:
        dim: length of a vector, at least 16; the longer, the fewer pieces share a place.
        threshold: see `TextEmbedder.threshold`.

    Raises:
        SettingError: a length or a threshold out of its range.
    """

    def __init__(self, dim: int = 1024, threshold: float = 0.4) -> None:
        if dim < 16:
            raise SettingError(f"dim must be at least 16, got {dim}")
        if not -1.0 <= threshold <= 1.0:
            raise SettingError(f"threshold is a cosine and must be in [-1, 1], got {threshold}")
        self.name, self.dim, self.threshold = "ngrams", dim, threshold

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over the settings: there are no weights."""
        told = f"{_VERSION}|{self.dim}|{_SIZES}|{_COMMON_WEIGHT}|{sorted(COMMON | FUNCTION)}"
        return hashlib.sha256(told.encode()).hexdigest()

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `TextEmbedder.embed_documents`.

        Raises:
            InputError: one string where a sequence of strings is meant.
        """
        if isinstance(texts, str):
            raise InputError(
                f"texts must be a sequence of strings, got one string {texts[:40]!r}; put it in a list"
            )
        rows = [self._text(text) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dim)

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `TextEmbedder.embed_questions`: the same as for documents."""
        return self.embed_documents(texts)

    def _text(self, text: str) -> NDArray[np.float64]:
        row = np.zeros(self.dim)
        plain = unicodedata.normalize("NFKD", text).casefold()
        letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
        for word in re.findall(r"\w+", letters):
            if word not in FUNCTION:
                row += (_COMMON_WEIGHT if word in COMMON else 1.0) * self._word(word)
        size = float(np.linalg.norm(row))
        if size == 0.0:
            # Nothing that tells: a place that no word takes.
            row[-1] = size = 1.0
        return row / size

    def _word(self, word: str) -> NDArray[np.float64]:
        row = np.zeros(self.dim)
        for piece in _pieces(f"<{word}>"):
            digest = hashlib.blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            number = int.from_bytes(digest, "little")
            row[(number >> 1) % (self.dim - 1)] += 1.0 if number & 1 else -1.0
        size = np.linalg.norm(row)
        return row / size if size else row


def _pieces(word: str) -> Iterator[str]:
    yield word
    for size in _SIZES:
        if size < len(word):
            yield from (word[start : start + size] for start in range(len(word) - size + 1))
