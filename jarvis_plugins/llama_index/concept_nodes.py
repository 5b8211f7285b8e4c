"""Concepts as nodes of LlamaIndex."""

from __future__ import annotations

import base64

from llama_index.core.schema import MediaResource, Node, NodeWithScore

from jarvis_memory.answer import Recollection
from jarvis_memory.memory import PersonalMemory
from jarvis_memory.profile import profile_text
from jarvis_plugins.common.concept_facts import concept_facts
from jarvis_plugins.common.patches import best_patches
from jarvis_retrievers.images import encode_png

__all__ = ["concept_node"]


def concept_node(memory: PersonalMemory, found: Recollection) -> NodeWithScore:
    """A concept that was found: its profile as text, its best patch as image, `concept_facts` as metadata.

    The node's id is that of the concept. No metadata is shown to a model or embedded.
    """
    facts, images = concept_facts(found), best_patches(memory, found.concept, 1)
    picture = None
    if images:
        data = base64.b64encode(encode_png(images[0]))
        picture = MediaResource(data=data, mimetype="image/png")
    node = Node(
        id_=found.concept.id,
        text_resource=MediaResource(text=profile_text(found.concept.profile).rstrip("\n") or found.name),
        image_resource=picture,
        extra_info=facts,
        excluded_llm_metadata_keys=list(facts),
        excluded_embed_metadata_keys=list(facts),
    )
    return NodeWithScore(node=node, score=found.score)
