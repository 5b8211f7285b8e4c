"""`JarvisRetriever`: the concepts that a question or a picture is about, as LlamaIndex nodes."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.callbacks import CallbackManager
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import IndexNode, Node, NodeWithScore, QueryBundle
from llama_index.core.vector_stores.types import MetadataFilters

from jarvis_memory.answer import Recollection
from jarvis_memory.memory import PersonalMemory
from jarvis_plugins.common.concept_facts import concept_facts
from jarvis_plugins.common.recollection import Recalling
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.sources import ImagePolicy

from .concept_nodes import concept_node
from .events import reported
from .filters import metadata_test

__all__ = ["JarvisRetriever", "node_of"]

# What the model is not told: references, which mean nothing to it.
_REFERENCES = ["concept_id", "score", "likeness", "why", "photos", "patches", "segment"]


class JarvisRetriever(BaseRetriever):
    """Concepts of a memory as nodes: the profile as text, a photo as image, photos and patches as references.

    Nobody is a possible answer: what no name, note or picture speaks of is not returned to fill up.

    ::

        retriever = JarvisRetriever(memory, similarity_top_k=2, policy=ImagePolicy(root="photos"))
        retriever.retrieve("When was Bo born?")
        retriever.retrieve(QueryBundle("Who is this?", image_path="today.jpg"))

    Args:
        memory: whose concepts.
        similarity_top_k: the most nodes, at least 1.
        score_threshold: leave out what is less like the question, in [0, 1]; see ``metadata["likeness"]``.
        filters: what the metadata of a concept must be (see `metadata_test`).
        policy: where pictures of a query may come from; by default ``data:`` URLs only, as a query may have
            been written by anybody.
        images: whether a node holds a photo, as PNG.
        callback_manager, object_map, objects, verbose: as for any LlamaIndex retriever.

    Raises:
        SettingError: ``similarity_top_k`` or ``score_threshold`` out of range. InputError: filters that
            cannot be.
    """

    def __init__(
        self,
        memory: PersonalMemory,
        *,
        similarity_top_k: int = 4,
        score_threshold: float | None = None,
        filters: MetadataFilters | None = None,
        policy: ImagePolicy | None = None,
        images: bool = True,
        callback_manager: CallbackManager | None = None,
        object_map: dict[str, Any] | None = None,
        objects: list[IndexNode] | None = None,
        verbose: bool = False,
    ) -> None:
        if similarity_top_k < 1:
            raise SettingError(f"similarity_top_k must be at least 1, got {similarity_top_k}")
        if score_threshold is not None and not 0.0 <= score_threshold <= 1.0:
            raise SettingError(f"score_threshold must be from 0 to 1, got {score_threshold}")
        super().__init__(callback_manager, object_map, objects, verbose)
        test = metadata_test(filters)
        self._recalling = Recalling(
            similarity_top_k, score_threshold, None if test is None else lambda one: test(concept_facts(one))
        )
        self._memory, self._policy, self._images = memory, policy or ImagePolicy(), images

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """Nodes, best first; the score is fused, and only its order has a meaning.

        Raises:
            InputError: neither text nor image. ImageError: a picture that is not allowed, or cannot be used.
        """
        text, path = query_bundle.query_str, query_bundle.image_path
        if not (text or "").strip() and not path:
            raise InputError("the query has neither a text nor an image; give query_str or image_path")
        pictures = [self._policy.load(path)] if path else []
        with reported():
            found = self._recalling.of(self._memory, text or "", pictures)
        return [
            NodeWithScore(node=node_of(one, self._memory if self._images else None), score=one.score)
            for one in found
        ]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """The same in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self._retrieve, query_bundle)


def node_of(found: Recollection, memory: PersonalMemory | None = None) -> Node:
    """A concept as a node; its id is that of the concept, its metadata are `concept_facts`.

    With a memory it has the photo of the concept's best patch as its image.
    """
    picture = None
    if memory is not None and found.concept.photos:
        best = max(found.concept.now.patches, key=lambda patch: patch.score, default=None)
        picture = memory.photo(found.concept.now.photos[0].id if best is None else best.photo_id)
    return concept_node(found, picture, _REFERENCES)
