"""LlamaIndex's nodes as rows of a table, and back, with the bytes of their pictures."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageDocument,
    ImageNode,
    IndexNode,
    MetadataMode,
    Node,
    TextNode,
)
from pydantic_core import PydanticSerializationError

from jarvis_plugins.common.row import Row
from jarvis_retrievers.errors import InputError

__all__ = ["looked_at", "node_of", "rows_of", "vectors_of"]

_CLASSES: Final[dict[str, type[BaseNode]]] = {
    kind.class_name(): kind for kind in (Document, ImageDocument, ImageNode, IndexNode, Node, TextNode)
}
# Dumping a node leaves out the bytes of these.
_MEDIA: Final = ("text_resource", "image_resource", "audio_resource", "video_resource")
_IDS: Final = ("ref_doc_id", "doc_id", "document_id")


def rows_of(nodes: Sequence[BaseNode]) -> list[Row]:
    """Rows of nodes: text and metadata as they are for every framework, the rest beside them.

    Raises:
        InputError: no list of nodes, a class of node that could not come back, or metadata that JSON cannot
            hold.
    """
    if isinstance(nodes, (BaseNode, str)):
        raise InputError("nodes must be a list, got one of them; put it in a list")
    return [_row(node) for node in nodes]


def vectors_of(nodes: Sequence[BaseNode]) -> list[list[float]]:
    """The embeddings of nodes.

    Raises:
        InputError: a node has none.
    """
    bare = [node.node_id for node in nodes if not node.embedding]
    if bare:
        raise InputError(
            f"{len(bare)} of {len(nodes)} nodes have no embedding (the first is {bare[0]!r:.60}); embed them "
            "first: with an IngestionPipeline, a VectorStoreIndex, or node.embedding = ..."
        )
    return [list(node.embedding or ()) for node in nodes]


def node_of(row: Row) -> BaseNode:
    """The node as it was given, without its embedding; a row of another framework is a `TextNode`."""
    data = copy.deepcopy(row.extra.get("node", {}))
    kind = _CLASSES[row.extra.get("class", TextNode.class_name())]
    if not issubclass(kind, Node):
        data["text"] = row.text
    elif data.get("text_resource") is not None:
        data["text_resource"]["text"] = row.text
    return kind.from_dict(data | {"id_": row.id, "metadata": copy.deepcopy(row.metadata)})


def looked_at(row: Row) -> dict[str, Any]:
    """What filters look at: the metadata, and the id of the document that the node is of."""
    ref = row.extra.get("ref_doc_id")
    return row.metadata if ref is None else dict.fromkeys(_IDS, ref) | row.metadata


def _row(node: BaseNode) -> Row:
    if not isinstance(node, BaseNode) or node.class_name() not in _CLASSES:
        known = ", ".join(sorted(_CLASSES))
        raise InputError(f"a node must be one of {known}, got {type(node).__name__}; make it one of these")
    out: Any = {"id_": True, "metadata": True, "embedding": True, "text": True}
    if isinstance(node, Node) and node.text_resource is not None:
        out["text_resource"] = {"text": True}
    try:
        data = node.model_dump(mode="json", exclude=out)
    except (PydanticSerializationError, ValueError) as error:
        raise InputError(f"node {node.node_id!r:.60} cannot be written as JSON ({error})") from error
    for name in ("class_name", "text"):
        data.pop(name, None)
    for name in _MEDIA:
        resource = getattr(node, name, None)
        if resource is not None and resource.data is not None:
            data[name]["data"] = resource.data.decode("ascii")
    extra = {"class": node.class_name(), "node": data}
    if node.ref_doc_id is not None:
        extra["ref_doc_id"] = node.ref_doc_id
    return Row.of(node.node_id, node.get_content(MetadataMode.NONE), node.metadata, extra)
