"""Concepts as nodes of LlamaIndex."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.schema import MediaResource, Node
from PIL import Image

from jarvis_memory.answer import Recollection
from jarvis_plugins.common.concept_facts import concept_facts
from jarvis_plugins.common.recollection import text_of
from jarvis_retrievers.images import encode_png

__all__ = ["concept_node"]


def concept_node(
    found: Recollection, picture: Image.Image | None = None, hidden: Sequence[str] | None = None
) -> Node:
    """A concept that was found: its profile as text, `concept_facts` as metadata, its id as the node's.

    Args:
        found: the concept, and why.
        picture: its image, kept as PNG.
        hidden: which metadata no model is told and no vector is made of; None for all.
    """
    facts = concept_facts(found)
    excluded = list(facts if hidden is None else hidden)
    data = None if picture is None else encode_png(picture)
    return Node(
        id_=found.concept.id,
        text_resource=MediaResource(text=text_of(found)),
        image_resource=None if data is None else MediaResource(data=data, mimetype="image/png"),
        extra_info=facts,  # the metadata, by their alias
        excluded_llm_metadata_keys=excluded,
        excluded_embed_metadata_keys=excluded,
    )
