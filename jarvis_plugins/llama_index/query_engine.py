"""`PersonalQueryEngine`: questions answered from segments, and from documents besides."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole, TextBlock
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.prompts.default_prompts import DEFAULT_TEXT_QA_PROMPT
from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle

from jarvis_memory.answer import Recollection
from jarvis_memory.memory import PersonalMemory
from jarvis_plugins.common.patches import best_patches
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.images import load_image

from .concept_nodes import concept_node
from .events import reported
from .images import picture_block
from .llm import JarvisLLM

__all__ = ["PersonalQueryEngine"]


class PersonalQueryEngine(BaseQueryEngine):
    """Answers from the segments of the concepts that a question or a picture is about.

    ::

        engine = PersonalQueryEngine(memory)
        engine.query("When was Bo born?")
        engine.query(QueryBundle("Who is this?", image_path="today.jpg"))

    Source nodes are the concepts, most likely first, and then those of ``retriever``. Metadata are what
    `JarvisLLM` says in ``raw``.

    Args:
        memory: of one owner.
        retriever: finds documents, which are told to the model in words, by ``text_qa_template``.
        node_postprocessors: for what ``retriever`` finds.
        text_qa_template: has ``context_str`` and ``query_str``; used only where there are documents.
        k: the most concepts, besides those that are named.
        llm: a `JarvisLLM` of the same memory, if it is to have settings of its own.
        callback_manager: as of every query engine.

    Raises:
        InputError: ``k`` is less than 1, or ``llm`` is of another memory.
    """

    def __init__(
        self,
        memory: PersonalMemory,
        retriever: BaseRetriever | None = None,
        *,
        node_postprocessors: Sequence[BaseNodePostprocessor] = (),
        text_qa_template: BasePromptTemplate | None = None,
        k: int = 3,
        llm: JarvisLLM | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        if llm is not None and llm.memory is not memory:
            raise InputError("llm has another memory, or none; give it this one, or leave it out")
        self._memory, self._retriever, self._k = memory, retriever, k
        self._postprocessors = list(node_postprocessors)
        self._template = text_qa_template or DEFAULT_TEXT_QA_PROMPT
        self._llm = llm or JarvisLLM(memory=memory)

    def retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """The concepts, and then the documents.

        Raises:
            InputError: neither text nor picture. ImageError: a picture that cannot be used.
        """
        nodes = self._concepts(query_bundle)
        found = self._retriever.retrieve(query_bundle) if self._retriever else []
        for postprocessor in self._postprocessors:
            found = postprocessor.postprocess_nodes(found, query_bundle)
        return [*nodes, *found]

    async def aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """The same; concepts are looked for in a thread."""
        nodes = await asyncio.to_thread(self._concepts, query_bundle)
        found = await self._retriever.aretrieve(query_bundle) if self._retriever else []
        for postprocessor in self._postprocessors:
            found = await postprocessor.apostprocess_nodes(found, query_bundle)
        return [*nodes, *found]

    def synthesize(
        self,
        query_bundle: QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
    ) -> RESPONSE_TYPE:
        """Answer from nodes: concepts of this memory by their segments, others by their text."""
        sources = [*nodes, *(additional_source_nodes or ())]
        message, ids = self._asked(query_bundle, nodes)
        return _response(self._llm.chat([message], concepts=ids), sources)

    async def asynthesize(
        self,
        query_bundle: QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
    ) -> RESPONSE_TYPE:
        """The same in a thread."""
        sources = [*nodes, *(additional_source_nodes or ())]
        message, ids = await asyncio.to_thread(self._asked, query_bundle, nodes)
        return _response(await self._llm.achat([message], concepts=ids), sources)

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return self.synthesize(query_bundle, self.retrieve(query_bundle))

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return await self.asynthesize(query_bundle, await self.aretrieve(query_bundle))

    def _concepts(self, asked: QueryBundle) -> list[NodeWithScore]:
        if not asked.query_str.strip() and not asked.image_path:
            raise InputError("a query has neither text nor a picture; ask something")
        images = [asked.image_path] if asked.image_path else []
        with reported():
            found: list[Recollection] = self._memory.recall(asked.query_str, images, self._k)
        nodes = []
        for one in found:
            best = next(iter(best_patches(self._memory, one.concept, 1)), None)
            nodes.append(NodeWithScore(node=concept_node(one, best), score=one.score))
        return nodes

    def _asked(self, asked: QueryBundle, nodes: Sequence[NodeWithScore]) -> tuple[ChatMessage, list[str]]:
        there = {concept.id for concept in self._memory.list()}
        ids = [one.node.node_id for one in nodes if one.node.node_id in there]
        texts = [one.node.get_content(MetadataMode.LLM) for one in nodes if one.node.node_id not in there]
        text = asked.query_str
        if texts:
            text = self._template.format(
                llm=self._llm, context_str="\n\n".join(texts), query_str=asked.query_str
            )
        blocks: list[Any] = [picture_block(load_image(asked.image_path))] if asked.image_path else []
        return ChatMessage(role=MessageRole.USER, blocks=[*blocks, TextBlock(text=text)]), ids

    def _get_prompts(self) -> PromptDictType:
        return {"text_qa_template": self._template}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        self._template = prompts.get("text_qa_template", self._template)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def _response(said: ChatResponse, sources: list[NodeWithScore]) -> Response:
    return Response(response=said.message.content or "", source_nodes=sources, metadata=said.raw)
