"""`JarvisFaissVectorStore` on disk: every class of node comes back, damage is noticed, nothing is code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from langchain_core.documents import Document as LangChainDocument
from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageNode,
    IndexNode,
    MediaResource,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.types import VectorStoreQuery

from jarvis_plugins.common.row import Row
from jarvis_plugins.common.snapshot import Snapshot, write_snapshot
from jarvis_plugins.langchain import FaissVectorStore
from jarvis_plugins.llama_index import JarvisFaissVectorStore
from jarvis_retrievers.errors import CorruptRecordError, SettingError
from tests.llama_index.pictures import colours, png
from tests.llama_index.test_vectorstore import Table, filled


def test_what_one_framework_saves_the_other_loads(tmp_path: Path) -> None:
    embedding = Table({"a": [1, 0], "b": [0, 1], "q": [1, 2]})
    document = LangChainDocument(id="2", page_content="b", metadata={"n": 2})
    theirs = FaissVectorStore.from_texts(["a"], embedding, [{"n": 1}], ids=["1"])
    theirs.add_documents([document])
    theirs.save(tmp_path / "theirs")
    ours = JarvisFaissVectorStore.from_persist_path(str(tmp_path / "theirs"))
    found = ours.query(VectorStoreQuery(query_embedding=[1.0, 2.0], similarity_top_k=2))
    assert list(found.nodes or ()) == [
        TextNode(id_="2", text="b", extra_info={"n": 2}),
        TextNode(id_="1", text="a", extra_info={"n": 1}),
    ]
    ours.persist(str(tmp_path / "ours"))
    again = FaissVectorStore.load(tmp_path / "ours", embedding)
    assert again.similarity_search_with_score("q", 2) == theirs.similarity_search_with_score("q", 2)


def whole() -> list[BaseNode]:
    """Every class of node, with all that it may hold."""
    source = RelatedNodeInfo(node_id="doc", metadata={"file": "a.txt"}, hash="x")
    ties = {NodeRelationship.SOURCE: source, NodeRelationship.CHILD: [RelatedNodeInfo(node_id="c")]}
    shown = MediaResource(data=png("red"), mimetype="image/png")
    return [
        TextNode(
            id_="text", text="a\u2028b", relationships=ties, start_char_idx=3, text_template="{content}"
        ),
        ImageNode(id_="image", text="caption", image="aGFsbG8=", text_embedding=[1.0]),
        IndexNode(id_="index", text="see", index_id="there"),
        Node(id_="node", text_resource=MediaResource(text="words"), image_resource=shown),
        Node(id_="picture", image_resource=shown),
        Node(
            id_="place",
            image_resource=MediaResource(path=Path("a.png")),
            audio_resource=MediaResource(data=b"\x00\x01"),
        ),
        Document(id_="document", text="whole", excluded_embed_metadata_keys=["n"]),
        TextNode(id_="odd", text="\ud800\x00", extra_info={"n": [None, True, {"x": 1.5}]}),
    ]


def test_every_class_of_node_comes_back(tmp_path: Path) -> None:
    given = whole()
    for n, node in enumerate(given):
        node.embedding = [float(n), 1.0]
    store = JarvisFaissVectorStore()
    store.add(given)
    store.persist(str(tmp_path / "store"))
    wanted = [node.model_copy(update={"embedding": None}) for node in given]
    for held in (store, JarvisFaissVectorStore.from_persist_path(str(tmp_path / "store"))):
        found = held.get_nodes([node.node_id for node in given])
        assert found == wanted
        assert [type(node) for node in found] == [type(node) for node in given]


def test_places_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingError, match="choose another path"):
        filled().persist(str(tmp_path / "file"))
    with pytest.raises(SettingError, match="MemoryFileSystem"):
        filled().persist(str(tmp_path / "store"), fs=fsspec.filesystem("memory"))
    filled().persist(str(tmp_path / "store"), fs=fsspec.filesystem("file"))
    for name in ("file", "nothing"):
        with pytest.raises(SettingError, match="no vector store"):
            JarvisFaissVectorStore.from_persist_path(str(tmp_path / name))


def test_vectors_of_other_embeddings_are_refused(tmp_path: Path) -> None:
    store = JarvisFaissVectorStore(embedding_fingerprint=colours().fingerprint)
    store.persist(str(tmp_path))
    again = JarvisFaissVectorStore.from_persist_path(str(tmp_path))
    assert again.embedding_fingerprint == colours().fingerprint
    with pytest.raises(SettingError, match="made by embeddings"):
        JarvisFaissVectorStore.from_persist_path(str(tmp_path), "another")


@pytest.mark.parametrize("name", ["documents.jsonl", "manifest.json", "vectors.safetensors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_damage_is_noticed(tmp_path: Path, name: str, damage: str) -> None:
    filled().persist(str(tmp_path))
    (path,) = tmp_path.rglob(name)
    data = path.read_bytes()
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    path.unlink() if damage == "gone" else path.write_bytes(
        {"flip": flipped, "cut": data[:-1], "empty": b""}[damage]
    )
    wanted = SettingError if (name, damage) == ("manifest.json", "gone") else CorruptRecordError
    with pytest.raises(wanted):
        JarvisFaissVectorStore.from_persist_path(str(tmp_path))


@pytest.mark.parametrize(
    "extra",
    [
        {"class": "os.system"},
        {"class": "Node", "node": {"image_resource": 3}},
        {"class": ["x"]},
        {"node": []},
    ],
)
def test_rows_that_are_no_nodes(tmp_path: Path, extra: dict[str, Any]) -> None:
    """Files whose digests are right: somebody who knows the format has made them."""
    rows = [Row("a", "text", {}, extra)]
    write_snapshot(tmp_path, Snapshot(rows, np.ones((1, 2), np.float32)))
    with pytest.raises(CorruptRecordError, match="no node"):
        JarvisFaissVectorStore.from_persist_path(str(tmp_path))


def test_nothing_on_disk_is_code(tmp_path: Path) -> None:
    filled().persist(str(tmp_path))
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert kinds == {".json", ".jsonl", ".safetensors"}
    (lines,) = tmp_path.rglob("documents.jsonl")
    assert [json.loads(line)["id"] for line in lines.read_text().splitlines()] == list("012345")
