"""Word search over notes: BM25 of SQLite's FTS5, in memory alone, so that no disk has to be erased of it."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Mapping
from typing import Final

from .stopwords import COMMON, FUNCTION

__all__ = ["WordIndex"]

# FTS5 gives a word that most texts hold a weight of 1e-6: such a word tells nobody apart.
_LEAST: Final = 0.05


class WordIndex:
    """Texts by key, found by the words of a question (Porter stems, case and accents folded).

    Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).

    Args:
        texts: the text of each key.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._keys = tuple(texts)
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute("create virtual table notes using fts5(body, tokenize = 'porter unicode61')")
        self._db.executemany(
            "insert into notes(rowid, body) values (?, ?)", enumerate(texts.values(), start=1)
        )

    def search(self, question: str, k: int) -> list[tuple[str, float]]:
        """The keys whose texts hold telling words of the question, with their BM25 score, best first.

        Words that half of the texts hold count for nothing, and so does every stop word. Common words such as
        "like" count only where the question has no others: they must not lead from a stranger's name to
        whoever else likes something.
        """
        said = [w for w in re.findall(r"\w+", question.casefold()) if w not in FUNCTION]
        words = [w for w in said if w not in COMMON] or said
        if not words or k < 1:
            return []
        query = " OR ".join(f'"{word}"' for word in words)
        with self._lock:
            rows = self._db.execute(
                "select rowid, -bm25(notes) as score from notes where notes match ? "
                "order by score desc, rowid limit ?",
                (query, k),
            ).fetchall()
        return [(self._keys[rowid - 1], score) for rowid, score in rows if score > _LEAST]
