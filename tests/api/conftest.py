"""Two owners' memories behind a real server of this process."""

from __future__ import annotations

import base64
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from PIL import Image

from jarvis_memory import VLM
from jarvis_plugins.api import Answering, Bounds, LocalAnswering, Tokens, build_api
from jarvis_plugins.api.service import ApiService
from jarvis_plugins.api.tokens import add_token
from jarvis_plugins.common.memories import Memories
from jarvis_plugins.serving.server import listening, url_of
from jarvis_pocket.exam import Exam, draw_exam
from jarvis_retrievers.images import encode_png
from jarvis_retrievers.openclip import OpenCLIPEncoder

PATH = "/v1/chat/completions"


@dataclass(frozen=True)
class Place:
    """What the tests of this folder share.

    Attributes:
        name: what a concept of ana's and one of ben's are both called.
        keys: tokens by owner.
    """

    exam: Exam
    name: str
    file: Path
    keys: dict[str, str]
    memories: Memories
    answering: LocalAnswering


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("api")
    file = folder / "tokens"
    service = ApiService(file, home=str(folder / "home"))
    vlm, clip = VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")
    memories = service.memories(vlm, clip)
    exam = draw_exam(random.Random("house"), [], "heldout")
    name = exam.concepts[0].name
    for n, (owner, food) in enumerate((("ana", "cheese"), ("ben", "carrots"))):
        with memories.lent(owner) as memory:
            memory.remember(name, exam.photos[n][:2], f"{name} likes {food}.")
    keys = {owner: add_token(file, owner) for owner in ("ana", "ben", "new")}
    answering = LocalAnswering(memories, "pocket", service.bounds)
    yield Place(exam, name, file, keys, memories, answering)
    answering.close()


@contextmanager
def served(answering: Answering, tokens: Tokens, bounds: Bounds | None = None) -> Iterator[str]:
    """The address of a server over ``answering``."""
    config = uvicorn.Config(
        build_api(answering, tokens, bounds), log_level="warning", ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    with listening("127.0.0.1", 0) as socket:
        thread = threading.Thread(target=server.run, args=([socket],))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield url_of("127.0.0.1", socket)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def site(place: Place) -> Iterator[str]:
    bounds = Bounds(asked_a_minute=100_000)
    with served(place.answering, Tokens.read(place.file), bounds) as url:
        yield url


Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def ask(place: Place, site: str) -> Iterator[Ask]:
    """Posts a request of ana's, or of ``owner``; a text stands for one message of the user."""
    with httpx.Client(base_url=site, timeout=60) as client:

        def post(messages: Any, owner: str = "ana", **more: Any) -> httpx.Response:
            if isinstance(messages, str):
                messages = [{"role": "user", "content": messages}]
            body = {"model": "pocket", "messages": messages, **more}
            return client.post(PATH, json=body, headers=bearer(place, owner))

        yield post


def bearer(place: Place, owner: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {place.keys[owner]}"}


def text_of(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.json()["choices"][0]["message"]["content"])


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """The chunks of a stream that has ended as it should."""
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in response.text.split("\n\n") if line]
    assert lines.pop() == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def picture(image: Image.Image) -> dict[str, Any]:
    data = base64.b64encode(encode_png(image)).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
