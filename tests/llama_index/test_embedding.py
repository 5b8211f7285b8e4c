"""`OpenCLIPEmbedding`: vectors of the encoder, the same as in LangChain, by every way to ask."""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode

from jarvis_plugins.langchain import OpenCLIPEmbeddings
from jarvis_plugins.llama_index import OpenCLIPEmbedding
from jarvis_plugins.llama_index.testing.suite import on_the_loop
from jarvis_retrievers.errors import ImageError, InputError, SettingError
from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.reference import ColourEncoder
from tests.llama_index.pictures import colours, file, plain, png


def test_vectors_are_those_of_langchain(tmp_path: Path, encoder: OpenCLIPEncoder) -> None:
    ours, theirs = OpenCLIPEmbedding(encoder), OpenCLIPEmbeddings(encoder)
    texts = ["a red dog", "", "a blue mug"]
    assert ours.get_text_embedding_batch(texts) == theirs.embed_documents(texts)
    assert ours.get_query_embedding("a red dog") == theirs.embed_query("a red dog")
    wanted = theirs.embed_image(plain("red"))
    path = file(tmp_path, "red")
    for given in (str(path), io.BytesIO(png("red")), path, png("red"), plain("red")):
        image: Any = given
        assert ours.get_image_embedding(image) == wanted
    assert ours.get_image_embedding_batch([str(path), str(file(tmp_path, "blue"))]) == theirs.embed_images(
        [plain("red"), plain("blue")]
    )
    assert (ours.dim, ours.fingerprint) == (theirs.dim, theirs.fingerprint)
    assert np.isclose(np.linalg.norm(wanted), 1.0, atol=1e-5)


async def test_async_gives_the_same(tmp_path: Path) -> None:
    embedding, path = colours(), str(file(tmp_path, "red"))
    assert await embedding.aget_query_embedding("red") == embedding.get_query_embedding("red")
    assert await embedding.aget_text_embedding("red") == embedding.get_text_embedding("red")
    assert await embedding.aget_text_embedding_batch(["a", "b"]) == embedding.get_text_embedding_batch(
        ["a", "b"]
    )
    assert await embedding.aget_image_embedding(path) == embedding.get_image_embedding(path)
    assert await embedding.aget_image_embedding_batch([path]) == [embedding.get_image_embedding(path)]


def test_async_does_not_block(tmp_path: Path) -> None:
    embedding, path = colours(), str(file(tmp_path, "red"))
    assert on_the_loop(embedding._get_query_embedding, calls(embedding))
    assert not on_the_loop(embedding._get_query_embedding, embedding.aget_query_embedding("red"))
    assert not on_the_loop(embedding._get_text_embedding, embedding.aget_text_embedding("red"))
    assert not on_the_loop(embedding._get_text_embeddings, embedding.aget_text_embedding_batch(["red"]))
    assert not on_the_loop(embedding._get_image_embedding, embedding.aget_image_embedding(path))
    assert not on_the_loop(embedding._get_image_embeddings, embedding.aget_image_embedding_batch([path]))


async def calls(embedding: OpenCLIPEmbedding) -> None:
    embedding.get_query_embedding("red")


def test_the_default_is_pocket_and_loads_late(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    load = OpenCLIPEncoder.load

    def counted(*given: Any) -> OpenCLIPEncoder:
        loads.append(given)
        return load(*given)

    monkeypatch.setattr(OpenCLIPEncoder, "load", counted)
    embedding = OpenCLIPEmbedding(device="cpu", embed_batch_size=8)
    assert not loads
    threads = [threading.Thread(target=embedding.get_query_embedding, args=("a dog",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [("pocket", "cpu", 8)]


def test_it_is_written_down_and_comes_back(encoder: OpenCLIPEncoder) -> None:
    embedding = OpenCLIPEmbedding("pocket", device="cpu", embed_batch_size=3)
    again = OpenCLIPEmbedding.from_dict(embedding.to_dict())
    assert again.to_dict() == embedding.to_dict()
    assert again.get_query_embedding("a dog") == embedding.get_query_embedding("a dog")
    assert OpenCLIPEmbedding(encoder).model_name == "pocket"
    assert OpenCLIPEmbedding(ColourEncoder()).model_name == "ColourEncoder"


def test_in_a_pipeline_by_batches() -> None:
    asked: list[int] = []

    class Counted(ColourEncoder):
        def encode_texts(self, texts: Sequence[str]) -> Any:
            asked.append(len(texts))
            return super().encode_texts(texts)

    embedding = OpenCLIPEmbedding(Counted(), embed_batch_size=4)
    given = [TextNode(text=f"red {n}") for n in range(10)]
    found = IngestionPipeline(transformations=[embedding], disable_cache=True).run(nodes=given)
    assert asked == [4, 4, 2]
    wanted = ColourEncoder().encode_texts([node.get_content("embed") for node in given]).tolist()  # type: ignore[arg-type]
    assert [node.embedding for node in found] == wanted


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda e: e.get_text_embedding(None), InputError),
        (lambda e: e.get_text_embedding_batch([b"red"]), InputError),
        (lambda e: e.get_image_embedding("missing.png"), ImageError),
        (lambda e: e.get_image_embedding("https://example.com/a.png"), ImageError),
        (lambda e: e.get_image_embedding(io.BytesIO(b"GIF89a")), ImageError),
        (lambda e: e.get_image_embedding(3), ImageError),
    ],
)
def test_what_cannot_be_embedded(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(colours())


def test_a_root_keeps_other_files_out(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    embedding = OpenCLIPEmbedding(ColourEncoder(), image_root=inside)
    assert embedding.get_image_embedding(str(file(inside, "red"))) == colours().get_image_embedding(
        str(file(outside, "red"))
    )
    for path in (outside / "red.png", "../out/red.png", "/etc/hostname"):
        with pytest.raises(ImageError, match="not under the allowed folder"):
            embedding.get_image_embedding(str(path))


def test_an_unknown_model() -> None:
    with pytest.raises(InputError, match="got int"):
        OpenCLIPEmbedding(3)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="no such model"):
        OpenCLIPEmbedding("no such model").get_query_embedding("a")


def test_another_process_loads_it_again() -> None:
    """As `IngestionPipeline(num_workers=...)` sends it."""
    embedding = OpenCLIPEmbedding("pocket", device="cpu")
    vector = embedding.get_query_embedding("a dog")
    again: OpenCLIPEmbedding = pickle.loads(pickle.dumps(embedding))
    assert again.get_query_embedding("a dog") == vector
    lost: OpenCLIPEmbedding = pickle.loads(pickle.dumps(colours()))
    with pytest.raises(SettingError, match="no OpenCLIP model 'ColourEncoder'"):
        lost.get_query_embedding("a dog")
