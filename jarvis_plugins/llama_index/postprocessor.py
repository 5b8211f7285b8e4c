"""`PersonalNodePostprocessor`: documents that speak of the user's own come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from pydantic import ConfigDict, Field

from jarvis_memory.answer import Recollection
from jarvis_memory.memory import PersonalMemory
from jarvis_retrievers.names import match_names

from .events import reported

__all__ = ["PersonalNodePostprocessor"]

# Names as they are written; what is merely like a name is too often another word in a document.
_EXACT: Final = 101.0


class PersonalNodePostprocessor(BaseNodePostprocessor):
    """Raises the scores of nodes that name a concept which the query is about, and sorts by them.

    A query may speak of a concept by a picture, or by "she" and a note: the concepts are found by the memory,
    and their names and aliases looked for in the nodes. The gain is ``boost`` times the likeness of the
    concept, in spans of the scores (the greatest minus the least): with 1.0 a node that names whom the query
    names stands before all that name nobody. Of nodes that gain the same the order stays.

    Attributes:
        memory: of one owner.
        boost: how much, 0 for nothing.
        k: the most concepts, besides those that are named.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    memory: PersonalMemory = Field(exclude=True, repr=False)
    boost: float = Field(default=1.0, ge=0.0, allow_inf_nan=False)
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
        gains = [self.boost * span * _speaks(one.node.get_content(MetadataMode.NONE), found) for one in nodes]
        raised = [
            NodeWithScore(node=one.node, score=score + gain)
            for one, score, gain in zip(nodes, scores, gains, strict=True)
        ]
        return sorted(raised, key=lambda one: -one.get_score())


def _scores(nodes: Sequence[NodeWithScore]) -> list[float]:
    """Scores of nodes; where one has none, the order is all that is known."""
    known = [one.score for one in nodes if one.score is not None]
    if len(known) == len(nodes):
        return known
    return [(len(nodes) - place) / len(nodes) for place in range(len(nodes))]


def _speaks(text: str, found: Sequence[Recollection]) -> float:
    """The greatest likeness of those whom a text names; 0 for nobody."""
    names = {one.concept.id: (one.concept.name, *one.concept.aliases) for one in found}
    named = {match.key for match in match_names(text, names, _EXACT)}
    return max((one.likeness for one in found if one.concept.id in named), default=0.0)
