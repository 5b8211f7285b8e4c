"""A real fleet on Ray Serve: owners stay on their replicas, and no answer is lost with one.

Needs ray; clients of others are tried where they are installed. `make test-scale` installs all.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from jarvis_memory import PersonalMemory
from jarvis_plugins.api.service import ApiService
from jarvis_plugins.api.tokens import add_token
from jarvis_plugins.api.wanted import Wanted
from jarvis_plugins.fleet import FleetConfig
from jarvis_plugins.fleet.replica import Replica
from jarvis_pocket.exam import draw_exam
from jarvis_retrievers.images import encode_png
from tests.house.tree import ROOT

OWNERS = 16
PATH = "/v1/chat/completions"
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="ray is not installed: pip install 'jarvis-plugins[scale]'",
)


class Running:
    """A fleet in a process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        paths = [ROOT, *(ROOT / name for name in ("agents", "memory", "retrievers", "pocket"))]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
        environment |= {
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "HF_HUB_OFFLINE": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
            # Nobody is there: a fleet without an address starts its own cluster, whatever else there may be.
            "RAY_ADDRESS": "localhost:1",
        }
        command = [sys.executable, "-m", "tests.scale.fleet", str(folder), str(port), str(OWNERS)]
        self._said = (folder / "log").open("w")
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        self._folder = folder
        told = self._line()
        self.url, self.keys, self.foods, self.name = (told[key] for key in ("url", "keys", "foods", "name"))

    def do(self, what: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self._line()

    def head(self, owner: str) -> dict[str, str]:
        # Whatever a client says of sessions, it is not asked.
        return {"Authorization": f"Bearer {self.keys[owner]}", "x-session-id": os.urandom(8).hex()}

    def post(self, owner: str, **more: Any) -> httpx.Response:
        said = [{"role": "user", "content": f"What does {self.name} like?"}]
        body = {"model": "pocket", "messages": said, "max_tokens": 24, **more}
        return httpx.post(f"{self.url}{PATH}", json=body, headers=self.head(owner), timeout=120)

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(120)
        finally:
            self.process.kill()
            self._said.close()
            if self.process.stdout is not None:
                self.process.stdout.close()

    def _line(self) -> Any:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(("{", "[", '"', "null")):
                return json.loads(line)
        raise AssertionError((self._folder / "log").read_text()[-4000:])


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("fleet"))
    yield running
    running.end()


@contextmanager
def asked_all_the_time(fleet: Running) -> Iterator[list[tuple[bool, str]]]:
    """Four clients ask without a pause, two for streams; gives whether each was one, and what was wrong."""
    stop, told = threading.Event(), list[tuple[bool, str]]()

    def ask(number: int) -> None:
        owners, stream = list(fleet.keys)[number::4], number % 2 == 0
        while not stop.is_set():
            for owner in owners:
                response = fleet.post(owner, stream=stream)
                good = response.status_code == 200 and fleet.foods[owner] in words(response)
                good = good and (not stream or response.text.endswith("data: [DONE]\n\n"))
                told.append((stream, "" if good else f"{response.status_code} {response.text[-300:]}"))

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(ask, number) for number in range(4)]
        try:
            yield told
        finally:
            stop.set()
        for one in running:
            one.result()


def words(response: httpx.Response) -> str:
    if not response.headers["content-type"].startswith("text/event-stream"):
        return str(response.json()["choices"][0]["message"]["content"])
    chunks = [json.loads(one[6:]) for one in response.text.split("\n\n") if one and one != "data: [DONE]"]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if "choices" in chunk)


def until(what: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.2)


@needs_ray
def test_an_owner_stays_on_one_replica(fleet: Running) -> None:
    where: dict[str, list[str]] = defaultdict(list)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            for owner, response in zip(fleet.keys, pool.map(fleet.post, fleet.keys), strict=True):
                assert response.status_code == 200, response.text
                assert fleet.foods[owner] in words(response)
                where[owner].append(response.json()["jarvis"]["replica"])
    share = sum(max(one.count(key) for key in one) for one in where.values()) / (4 * OWNERS)
    assert share >= 0.95
    assert len({key for one in where.values() for key in one}) == 2


@needs_ray
def test_streams_and_refusals_come_through(fleet: Running) -> None:
    whole, streamed = fleet.post("owner-0"), fleet.post("owner-0", stream=True)
    assert words(streamed) == words(whole)
    assert streamed.text.endswith("data: [DONE]\n\n")
    stranger = httpx.post(f"{fleet.url}{PATH}", json={}, headers={"Authorization": "Bearer nobody"})
    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, "Bearer")
    for more in ({"n": 2}, {"stream": True, "n": 2}, {"concepts": ["0" * 32]}, {"model": "other"}):
        refused = fleet.post("owner-0", **more)
        assert refused.status_code == (404 if "model" in more else 400), refused.text
        assert refused.json()["error"]["type"] == "invalid_request_error"
    assert httpx.get(f"{fleet.url}/readyz", timeout=60).status_code == 200


@needs_ray
def test_nobody_else_gets_into_the_cluster(fleet: Running) -> None:
    """Ray's ports ask for a token, which nobody else has."""
    program = (
        "import ray\n"
        "try:\n"
        f"    ray.init(address={fleet.do('address')!r}, log_to_driver=False)\n"
        "except Exception as error:\n"
        "    print('refused', type(error).__name__)\n"
        "else:\n"
        "    print('let in')\n"
    )
    environment = os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.startswith("refused"), done.stdout + done.stderr[-2000:]


@needs_ray
def test_clients_of_others(fleet: Running) -> None:
    openai = pytest.importorskip("openai", reason="openai is not installed; make test-scale installs it")
    owner, question = "owner-1", f"What does {fleet.name} like?"
    with openai.OpenAI(base_url=f"{fleet.url}/v1", api_key=fleet.keys[owner], max_retries=0) as client:
        asked = {"model": "pocket", "messages": [{"role": "user", "content": question}]}
        whole = client.chat.completions.create(**asked)
        assert fleet.foods[owner] in whole.choices[0].message.content
        assert whole.usage.prompt_tokens_details.cached_tokens > 0
        with client.chat.completions.create(**asked, stream=True) as stream:
            pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
        assert "".join(pieces) == whole.choices[0].message.content
        assert [model.id for model in client.models.list()] == ["pocket"]
        with pytest.raises(openai.BadRequestError, match="n is not supported"):
            client.chat.completions.create(**asked, n=2)
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key="nobody").chat.completions.create(**asked)
    chat = pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
    model = chat.ChatOpenAI(base_url=f"{fleet.url}/v1", api_key=fleet.keys[owner], model="pocket")
    shown = base64.b64encode(encode_png(draw_exam(Random("fleet"), [], "heldout").photos[0][0])).decode()
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{shown}"}},
        {"type": "text", "text": "Who is that?"},
    ]
    said = model.invoke([{"role": "system", "content": "Be short."}, {"role": "user", "content": parts}])
    assert fleet.name in said.text
    assert said.usage_metadata["input_tokens"] > 0


@needs_ray
def test_a_killed_replica_costs_no_answer(fleet: Running) -> None:
    before = {one["pid"] for one in fleet.do("facts")}
    assert len(before) == 2
    with asked_all_the_time(fleet) as told:
        until(lambda: len(told) > 8)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        done = len(told)
        until(lambda: len(told) > done + 24)
        until(lambda: len({one["pid"] for one in fleet.do("facts")} - {victim}) == 2)
        done = len(told)
        until(lambda: len(told) > done + 8)
    lost = [(stream, what) for stream, what in told if what]
    # What was told of a stream cannot be taken back: it may end with an error, if it was under way then.
    assert all(stream and "replica_lost" in what for stream, what in lost), lost
    assert len(lost) <= 2


@needs_ray
def test_replicas_that_are_replaced_finish_what_they_have(fleet: Running) -> None:
    before = {one["pid"] for one in fleet.do("facts")}
    with asked_all_the_time(fleet) as told:
        until(lambda: len(told) > 8)
        fleet.do("renew")
        done = len(told)
        until(lambda: not {one["pid"] for one in fleet.do("facts")} & before)
        until(lambda: len(told) > done + 8)
    assert [what for _, what in told if what] == []

    def gone(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    until(lambda: all(map(gone, before)))


async def test_replicas_over_a_cluster_see_what_the_other_has_stored(database: str, tmp_path: Path) -> None:
    exam, tokens = draw_exam(Random("fleet"), [], "heldout"), tmp_path / "tokens"
    add_token(tokens, "ana")
    with PersonalMemory.open(database, owner="ana", blobs=tmp_path / "blobs") as memory:
        memory.remember(exam.concepts[0].name, exam.photos[0][:2], f"{exam.concepts[0].name} likes cheese.")
    service = ApiService(str(tokens), home=database, blobs=str(tmp_path / "blobs"))
    asked = {"role": "user", "content": f"What does {exam.concepts[0].name} like?"}
    body = json.dumps({"model": "pocket", "messages": [asked]}).encode()
    assert Wanted.read(body, service.bounds).model == "pocket"
    for _ in range(2):
        replica = Replica(FleetConfig(service))
        said = await replica.answer("ana", body)
        assert "cheese" in said["choices"][0]["message"]["content"]
        other = await replica.answer("ben", body)
        assert "cheese" not in other["choices"][0]["message"]["content"]
        loads = (await replica.facts())["loads"]
        # The segment is that of the first owner's memory, and nobody had to encode it again.
        assert (loads["store"], loads["missing"]) == (1, 0)
        replica.close()
