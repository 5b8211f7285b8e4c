"""`PersonalNodePostprocessor`: documents that speak of the user's own come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from pydantic import ConfigDict, Field

from jarvis_memory.memory import PersonalMemory
from jarvis_retrievers.names import match_names

from .events import reported

__all__ = ["PersonalNodePostprocessor"]

# Names as they are written; what is merely like a name is too often another word in a document.
_EXACT: Final = 101.0


class PersonalNodePostprocessor(BaseNodePostprocessor):
    """Raises the scores of nodes that name a concept which the query is about, and sorts by them.

    A query may speak of a concept by a picture, or by "she" and a note: the concepts are found by the memory,
    and their names and aliases looked for in the nodes. The gain is ``boost`` spans of the scores (the
    greatest minus the least, or 1 if all are the same): above 1.0 every node that names one of them stands
    before all that do not. Among nodes that gain the same the order stays.

    Attributes:
        memory: of one owner.
        boost: how much, 0 for nothing.
        k: the most concepts, besides those that are named.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    memory: PersonalMemory = Field(exclude=True, repr=False)
    boost: float = Field(default=1.5, ge=0.0, allow_inf_nan=False)
    k: int = Field(default=3, ge=1)

    @classmethod
    def class_name(cls) -> str:
        """By which LlamaIndex knows it."""
        return "PersonalNodePostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        """Copies with new scores, best first; without a query, or with nobody found, what was given.

        Raises:
            ImageError: a picture that cannot be used.
        """
        if query_bundle is None or not nodes:
            return nodes
        images = [query_bundle.image_path] if query_bundle.image_path else []
        with reported():
            found = self.memory.recall(query_bundle.query_str, images, self.k)
        if not found:
            return nodes
        scores = _scores(nodes)
        span = (max(scores) - min(scores)) or 1.0
        names = {one.concept.id: (one.concept.name, *one.concept.aliases) for one in found}
        raised = [
            NodeWithScore(node=one.node, score=score + self.boost * span * _names(one, names))
            for one, score in zip(nodes, scores, strict=True)
        ]
        return sorted(raised, key=lambda one: -one.get_score())


def _scores(nodes: Sequence[NodeWithScore]) -> list[float]:
    """Scores of nodes; where one has none, the order is all that is known."""
    known = [one.score for one in nodes if one.score is not None]
    if len(known) == len(nodes):
        return known
    return [(len(nodes) - place) / len(nodes) for place in range(len(nodes))]


def _names(node: NodeWithScore, names: Mapping[str, Sequence[str]]) -> bool:
    """Whether the text of a node names one of those who were found."""
    return bool(match_names(node.node.get_content(MetadataMode.NONE), names, _EXACT))
