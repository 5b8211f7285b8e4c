"""The suite for retrievers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.callbacks import CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation.events.retrieval import RetrievalEndEvent, RetrievalStartEvent
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, QueryBundle

from .suite import Suite, events, needs, on_the_loop, run

__all__ = ["RetrieverConformance"]

Seen = list[tuple[str, float | None, str]]


class RetrieverConformance(Suite):
    """What a `BaseRetriever` must do, and what it may. A subclass has at least the fixture ``retriever``.

    Attributes:
        query: a text that finds at least one node.
        stranger: a text that finds nothing; used with ``may_find_nobody``.
        has_scores: every node has a score, and they fall.
        keeps_its_nodes: what comes back are copies.
        may_find_nobody: nothing is a possible answer.
        refuses_empty: a query without text and image is an error.
        does_not_block: async methods leave the event loop free.
        takes_images: ``QueryBundle.image_path`` is a query; needs the fixture ``image``.
        gives_images: a node that ``query`` finds holds an image.
    """

    query: str = "What does Bo like?"
    stranger: str = "zeppelins over Reykjavik"
    has_scores: bool = True
    keeps_its_nodes: bool = True
    may_find_nobody: bool = False
    refuses_empty: bool = True
    does_not_block: bool = True
    takes_images: bool = False
    gives_images: bool = False

    @pytest.fixture
    def retriever(self) -> BaseRetriever:
        """The retriever, with something to find."""
        raise NotImplementedError("give the suite a fixture `retriever`")

    @pytest.fixture
    def image(self) -> str:
        """Path of an image that finds at least one node, and that the retriever may read."""
        raise NotImplementedError("give the suite a fixture `image`, or leave takes_images False")

    def test_finds_nodes(self, retriever: BaseRetriever) -> None:
        """Required: a list of nodes with ids, and each once."""
        found = retriever.retrieve(self.query)
        assert found
        assert all(isinstance(one, NodeWithScore) and isinstance(one.node, BaseNode) for one in found)
        assert len({one.node.node_id for one in found}) == len(found)

    def test_same_again(self, retriever: BaseRetriever) -> None:
        """Required: the same query finds the same, as text and as bundle."""
        found = _seen(retriever.retrieve(self.query))
        assert _seen(retriever.retrieve(self.query)) == found
        assert _seen(retriever.retrieve(QueryBundle(self.query))) == found

    def test_async_finds_the_same(self, retriever: BaseRetriever) -> None:
        """Required: `aretrieve` gives what `retrieve` gives."""
        assert _seen(run(retriever.aretrieve(self.query))) == _seen(retriever.retrieve(self.query))

    def test_many_at_once(self, retriever: BaseRetriever) -> None:
        """Required: calls at once do not disturb each other."""

        async def many() -> list[list[NodeWithScore]]:
            return list(await asyncio.gather(*(retriever.aretrieve(self.query) for _ in range(4))))

        wanted = _seen(retriever.retrieve(self.query))
        assert [_seen(found) for found in run(many())] == [wanted] * 4

    def test_events(self, retriever: BaseRetriever) -> None:
        """Required: a start with the query, and an end with the nodes, sync and async."""
        calls: tuple[Callable[[], list[NodeWithScore]], ...] = (
            lambda: retriever.retrieve(self.query),
            lambda: run(retriever.aretrieve(self.query)),
        )
        for call in calls:
            with events() as seen:
                found = call()
            starts = [one for one in seen if isinstance(one, RetrievalStartEvent)]
            ends = [one for one in seen if isinstance(one, RetrievalEndEvent)]
            assert starts
            assert ends
            assert _words(starts[0].str_or_query_bundle) == self.query
            assert _seen(ends[-1].nodes) == _seen(found)

    def test_callbacks(self, retriever: BaseRetriever) -> None:
        """Required: the callback manager hears of it."""
        handler = LlamaDebugHandler(print_trace_on_end=False)
        retriever.callback_manager.add_handler(handler)
        try:
            retriever.retrieve(self.query)
        finally:
            retriever.callback_manager.remove_handler(handler)
        assert handler.get_event_pairs(CBEventType.RETRIEVE)

    def test_query_is_left_as_it_was(self, retriever: BaseRetriever) -> None:
        """Required: the bundle given is not changed."""
        bundle = QueryBundle(self.query)
        retriever.retrieve(bundle)
        assert bundle == QueryBundle(self.query)

    def test_nodes_can_be_written_down(self, retriever: BaseRetriever) -> None:
        """Required: a node comes back from JSON with its id, text and metadata."""
        for one in retriever.retrieve(self.query):
            again: Any = type(one.node).from_json(one.node.to_json())
            assert _seen([NodeWithScore(node=again, score=one.score)]) == _seen([one])
            assert again.metadata == one.node.metadata

    def test_in_a_query_engine(self, retriever: BaseRetriever) -> None:
        """Required: a query engine answers from what was found."""
        engine = RetrieverQueryEngine.from_args(retriever, llm=MockLLM())
        answer = engine.query(self.query)
        assert _seen(answer.source_nodes) == _seen(retriever.retrieve(self.query))

    @needs("keeps_its_nodes")
    def test_changing_a_node_changes_nothing(self, retriever: BaseRetriever) -> None:
        """Optional (keeps_its_nodes): what the caller does to a node is not found again."""
        wanted = _seen(retriever.retrieve(self.query))
        for one in retriever.retrieve(self.query):
            one.node.metadata["changed"] = True
            one.node.set_content("changed")
        found = retriever.retrieve(self.query)
        assert _seen(found) == wanted
        assert not any("changed" in one.node.metadata for one in found)

    @needs("has_scores")
    def test_scores_fall(self, retriever: BaseRetriever) -> None:
        """Optional (has_scores): a finite score for each, best first."""
        scores = [one.score for one in retriever.retrieve(self.query)]
        numbers = [score for score in scores if isinstance(score, (int, float))]
        assert len(numbers) == len(scores)
        assert numbers == sorted(numbers, reverse=True)
        assert all(abs(number) != float("inf") for number in numbers)

    @needs("may_find_nobody")
    def test_nobody_is_an_answer(self, retriever: BaseRetriever) -> None:
        """Optional (may_find_nobody): a query about nothing that is there finds nothing."""
        assert retriever.retrieve(self.stranger) == []

    @needs("refuses_empty")
    def test_an_empty_query_is_refused(self, retriever: BaseRetriever) -> None:
        """Optional (refuses_empty): neither text nor image is a ValueError."""
        for query in ("", QueryBundle(""), QueryBundle(" ")):
            with pytest.raises(ValueError, match=r"\w"):
                retriever.retrieve(query)

    @needs("does_not_block")
    def test_async_does_not_block(self, retriever: BaseRetriever) -> None:
        """Optional (does_not_block): `aretrieve` does not run `_retrieve` on the event loop."""
        assert not on_the_loop(retriever._retrieve, retriever.aretrieve(self.query))

    @needs("takes_images")
    def test_an_image_is_a_query(self, retriever: BaseRetriever, image: str) -> None:
        """Optional (takes_images): found by an image alone, and with a text, sync and async."""
        found = retriever.retrieve(QueryBundle("", image_path=image))
        assert found
        assert _seen(run(retriever.aretrieve(QueryBundle("", image_path=image)))) == _seen(found)
        assert retriever.retrieve(QueryBundle(self.query, image_path=image))

    @needs("takes_images")
    def test_an_image_that_cannot_be_read_is_refused(self, retriever: BaseRetriever, tmp_path: Path) -> None:
        """Optional (takes_images): a file that is missing or no image is an error, not no result."""
        broken = tmp_path / "broken.png"
        broken.write_bytes(b"no image")
        for path in (broken, tmp_path / "missing.png"):
            with pytest.raises((ValueError, OSError)):
                retriever.retrieve(QueryBundle("", image_path=str(path)))

    @needs("gives_images")
    def test_nodes_hold_images(self, retriever: BaseRetriever) -> None:
        """Optional (gives_images): the content blocks of a node have an image that can be read."""
        blocks = [
            block
            for one in retriever.retrieve(self.query)
            for block in one.node.get_content_blocks(MetadataMode.NONE)
            if isinstance(block, ImageBlock)
        ]
        assert blocks
        assert all(block.resolve_image().read() for block in blocks)


def _seen(found: list[NodeWithScore]) -> Seen:
    return [(one.node.node_id, one.score, one.node.get_content(MetadataMode.NONE)) for one in found]


def _words(query: str | QueryBundle) -> str:
    return query if isinstance(query, str) else query.query_str
