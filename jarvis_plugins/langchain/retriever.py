"""`JarvisRetriever`: the concepts that a question or pictures are about, as LangChain documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever, LangSmithRetrieverParams
from pydantic import ConfigDict, Field

from jarvis_memory.answer import Recollection
from jarvis_memory.intake import Photo
from jarvis_memory.memory import PersonalMemory
from jarvis_plugins.common.concept_facts import concept_facts
from jarvis_plugins.common.recollection import Recalling, text_of

from .filters import Filter, document_filter

__all__ = ["JarvisRetriever", "document_of"]


class JarvisRetriever(BaseRetriever):
    """Concepts of a memory as documents: the profile as text, photos and patches as references.

    Nobody is a possible answer: what no name, note or picture speaks of is not returned to fill up ``k``.

    ::

        retriever = JarvisRetriever(memory=memory, k=2)
        retriever.invoke("When was Bo born?")
        retriever.invoke("Who is this?", image="today.jpg")

    Attributes:
        memory: whose concepts.
        k: the most documents, at least 1.
        score_threshold: leave out what is less like the question, in [0, 1]; see ``metadata["likeness"]``.
        filter: metadata that documents must have, as for `FaissVectorStore`, and a list stands for one of its
            values; or a test of a document.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    memory: PersonalMemory = Field(exclude=True, repr=False)
    k: int = Field(default=4, ge=1)
    score_threshold: float | None = Field(default=None, ge=0.0, le=1.0)
    filter: Filter | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        image: Photo | None = None,
        images: Sequence[Photo] = (),
        score_threshold: float | None = None,
        filter: Filter | None = None,
    ) -> list[Document]:
        """Documents, best first; see the class.

        Raises:
            InputError: ``k`` is less than 1. ImageError: a picture that cannot be used.
        """
        most = self.k if k is None else k
        pictures = [*images, *([] if image is None else [image])]
        least = self.score_threshold if score_threshold is None else score_threshold
        test = _test(self.filter if filter is None else filter)
        recalling = Recalling(most, least, None if test is None else lambda one: test(document_of(one)))
        return [document_of(one) for one in recalling.of(self.memory, query, pictures)]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **more: Any
    ) -> list[Document]:
        """The same in a thread, so that the event loop goes on."""
        manager = run_manager.get_sync()
        return await asyncio.to_thread(
            lambda: self._get_relevant_documents(query, run_manager=manager, **more)
        )

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:
        return LangSmithRetrieverParams(ls_retriever_name="jarvis", ls_vector_store_provider="faiss")


def document_of(found: Recollection) -> Document:
    """A concept as a document; its ``id`` is that of the concept, its metadata are `concept_facts`."""
    return Document(id=found.concept.id, page_content=text_of(found), metadata=concept_facts(found))


def _test(wanted: Filter | None) -> Callable[[Document], bool] | None:
    """A filter as a test; a list stands for any of its values."""
    if isinstance(wanted, Mapping):
        many = (list, tuple, set, frozenset)
        wanted = {
            key: {"$in": list(value)} if isinstance(value, many) and not key.startswith("$") else value
            for key, value in wanted.items()
        }
    return document_filter(wanted)
