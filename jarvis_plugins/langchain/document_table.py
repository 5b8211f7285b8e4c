"""LangChain's documents in a table of vectors."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from langchain_core.documents import Document

from jarvis_plugins.common.row import Row
from jarvis_plugins.common.vector_table import VectorTable
from jarvis_retrievers.errors import InputError

__all__ = ["DocumentTable", "documents_of", "rows_of"]

Test = Callable[[Document], bool]


def rows_of(documents: Sequence[Document], ids: Sequence[str | None] | None) -> list[Row]:
    """Rows of documents; the ids given count before ``Document.id``, and where there is none one is made.

    Raises:
        InputError: not as many ids as documents, or one that cannot be kept; see `Row.of`.
    """
    if isinstance(documents, Document) or isinstance(ids, str):
        raise InputError("documents and ids must be lists, got one of them; put it in a list")
    names: Sequence[str | None] = [None] * len(documents) if ids is None else ids
    if len(names) != len(documents):
        raise InputError(f"{len(documents)} documents need as many ids, got {len(names)}")
    return [
        Row.of(
            (document.id or str(uuid.uuid4())) if name is None else name,
            document.page_content,
            document.metadata,
        )
        for document, name in zip(documents, names, strict=True)
    ]


def documents_of(texts: Iterable[str], metadatas: Sequence[dict[str, Any]] | None) -> list[Document]:
    """Documents of texts, with metadata for each if given.

    Raises:
        InputError: one string where texts are meant, something that is no text, or not as many metadatas.
    """
    if isinstance(texts, str):
        raise InputError(f"texts must be a list, got one string {texts[:40]!r}; put it in a list")
    every = list(texts)
    given: Sequence[dict[str, Any]] = metadatas or [{}] * len(every)
    if len(given) != len(every):
        raise InputError(f"{len(every)} texts need as many metadatas, got {len(given)}")
    for text in every:
        if not isinstance(text, str):
            raise InputError(f"a text must be a string, got {type(text).__name__}")
    return [Document(page_content=text, metadata=about) for text, about in zip(every, given, strict=True)]


class DocumentTable(VectorTable):
    """A `VectorTable` that is asked for documents, which are copies: changing one changes nothing here."""

    def documents(self, ids: Sequence[str]) -> list[Document]:
        """The documents of these ids in this order, each once; unknown ids are passed over."""
        return [_document(row) for row in self.get(ids)]

    def near_documents(self, vector: Any, k: int, test: Test | None = None) -> list[tuple[Document, float]]:
        """`VectorTable.nearest`, as documents."""
        return [(_document(row), cosine) for row, cosine in self.nearest(vector, k, _on_rows(test))]

    def mmr_documents(
        self, vector: Any, k: int, fetch: int, balance: float, test: Test | None = None
    ) -> list[Document]:
        """`VectorTable.diverse`, as documents."""
        return [_document(row) for row, _ in self.diverse(vector, k, fetch, balance, _on_rows(test))]


def _on_rows(test: Test | None) -> Callable[[Row], bool] | None:
    """A test of documents as one of rows; what it looks at is not copied."""
    if test is None:
        return None
    return lambda row: test(Document(id=row.id, page_content=row.text, metadata=row.metadata))


def _document(row: Row) -> Document:
    return Document(id=row.id, page_content=row.text, metadata=copy.deepcopy(row.metadata))
