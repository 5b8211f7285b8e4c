from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jarvis_plugins.langchain import OpenCLIPEmbeddings
from jarvis_retrievers.errors import ImageError, InputError, SettingError
from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.reference import ColourEncoder
from tests.langchain.pictures import colours, file, plain, png


def test_vectors_are_those_of_the_encoder(tmp_path: Path) -> None:
    encoder, embeddings = ColourEncoder(), colours()
    texts = ["a red dog", "", "a blue mug"]
    assert embeddings.embed_documents(texts) == encoder.encode_texts(texts).tolist()
    assert embeddings.embed_query("a red dog") == encoder.encode_texts(["a red dog"])[0].tolist()
    wanted = encoder.encode_images([plain("red")])[0].tolist()
    path = file(tmp_path, "red")
    for given in (path, str(path), png("red"), plain("red")):
        assert embeddings.embed_image(given) == wanted
    assert embeddings.embed_images([path, plain("blue")])[0] == wanted
    assert embeddings.embed_images([]) == embeddings.embed_documents([]) == []
    assert (embeddings.dim, embeddings.fingerprint) == (encoder.dim, encoder.fingerprint)


def test_more_pictures_than_are_decoded_at_once() -> None:
    names = ["red", "blue", "green", "black", "white"] * 15
    rows = colours().embed_images([plain(name, 8) for name in names])
    assert len(rows) == 75
    assert rows[70:] == rows[:5]


def test_the_default_is_pocket_and_loads_late(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    load = OpenCLIPEncoder.load

    def counted(*given: Any) -> OpenCLIPEncoder:
        loads.append(given)
        return load(*given)

    monkeypatch.setattr(OpenCLIPEncoder, "load", counted)
    embeddings = OpenCLIPEmbeddings(device="cpu")
    assert not loads
    found: list[list[float]] = []
    threads = [
        threading.Thread(target=lambda: found.append(embeddings.embed_query("a dog"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [("pocket", "cpu", 64)]
    assert len(found) == 4
    assert np.allclose(found, found[0])
    assert np.isclose(np.linalg.norm(found[0]), 1.0, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda e: e.embed_documents("red"), InputError),
        (lambda e: e.embed_documents(["red", b"blue"]), InputError),
        (lambda e: e.embed_query(None), InputError),
        (lambda e: e.embed_images("red.png"), InputError),
        (lambda e: e.embed_image("missing.png"), ImageError),
        (lambda e: e.embed_image(b"GIF89a"), ImageError),
        (lambda e: e.embed_image(3), ImageError),
    ],
)
def test_what_cannot_be_embedded(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(colours())


def test_an_unknown_model() -> None:
    with pytest.raises(InputError, match="got int"):
        OpenCLIPEmbeddings(3)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="no such model"):
        OpenCLIPEmbeddings("no such model").embed_query("a")


class Waiting(ColourEncoder):
    """Encodes once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def encode_texts(self, texts: Sequence[str]) -> Any:
        assert self.go.wait(30)
        return super().encode_texts(texts)

    def encode_images(self, images: Sequence[Image.Image]) -> Any:
        assert self.go.wait(30)
        return super().encode_images(images)


async def test_the_event_loop_goes_on() -> None:
    encoder = Waiting()
    embeddings = OpenCLIPEmbeddings(encoder)
    tasks = [
        asyncio.create_task(embeddings.aembed_query("red")),
        asyncio.create_task(embeddings.aembed_image(plain("red"))),
    ]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in tasks)
    encoder.go.set()  # reached only because nothing blocks this thread
    text, picture = await asyncio.gather(*tasks)
    assert text == embeddings.embed_query("red")
    assert picture == embeddings.embed_image(plain("red"))
    assert await embeddings.aembed_documents(["red"]) == [text]
    assert await embeddings.aembed_images([plain("red")]) == [picture]
