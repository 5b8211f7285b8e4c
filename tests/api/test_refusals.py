"""What is not answered is refused in one line with the right number, and nothing brings it down."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from jarvis_plugins.api import Bounds, LocalAnswering, Refusal, Tokens
from jarvis_plugins.api.wanted import Wanted
from jarvis_retrievers.errors import CorruptRecordError, DeadlineError, InputError, WindowError
from tests.api.conftest import PATH, Ask, Place, bearer, events, served, text_of

USER = {"role": "user", "content": "Who?"}
PNG = "data:image/png;base64,"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"n": True}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "alloy", "format": "wav"}}, "audio"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"reasoning_effort": "high"}, "reasoning_effort"),
        ({"store": True}, "store"),
        ({"made_up": 1}, "made_up"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "0"}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 10**9}, "max_completion_tokens"),
        ({"stop": [""]}, "stop"),
        ({"stop": ["a"] * 17}, "stop"),
        ({"stop": 5}, "stop"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": {"made_up": 1}}, "stream_options.made_up"),
        ({"tools": [{"type": "web_search"}]}, "tools.0"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": 5}}]}, "tools.0"),
        ({"tools": [5]}, "tools.0"),
        ({"messages": []}, "messages"),
        ({"messages": [5]}, "messages.0"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content"),
        ({"messages": [USER | {"name": "bo"}]}, "messages.0.name"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content.0"),
        ({"messages": [USER, {"role": "tool", "content": "x"}]}, "messages.1"),
        ({"messages": [USER, {"role": "assistant"}]}, "messages.1.content"),
        ({"messages": [USER, {"role": "assistant", "tool_calls": [{}]}]}, "messages.1.tool_calls.0"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "/etc"}}]}
                ]
            },
            None,
        ),
    ],
)
def test_what_is_not_there_is_refused(more: dict[str, Any], param: str | None, ask: Ask) -> None:
    messages = more.pop("messages", [USER])
    response = ask(messages, **more)
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert param is None or error["param"] == param


def test_what_makes_no_difference_is_let_through(place: Place, ask: Ask) -> None:
    plain = {
        "n": 1,
        "logprobs": False,
        "logit_bias": None,
        "presence_penalty": 0,
        "frequency_penalty": 0.0,
        "modalities": ["text"],
        "service_tier": "auto",
        "user": "whoever",
        "prompt_cache_key": "x",
        "store": False,
    }
    assert "cheese" in text_of(ask(f"What does {place.name} like?", **plain))


@pytest.mark.parametrize(
    "arguments",
    [
        '{"a": ' + "[" * 900 + "]" * 900 + "}",
        '{"a": 1e999}',
        '{"a": NaN}',
        '{"a": "\\ud800"}',
        '{"a": ' + "9" * 5000 + "}",
        "[]",
        "{",
    ],
)
def test_arguments_of_a_call_that_are_none(arguments: str, ask: Ask) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    refused = ask([USER, {"role": "assistant", "tool_calls": [call]}, USER])
    assert refused.status_code == 400, refused.text
    error = refused.json()["error"]
    assert (error["param"], "arguments of a call are" in error["message"]) == (
        "messages.1.tool_calls.0",
        True,
    )


def test_images_that_cannot_be_used(ask: Ask) -> None:
    def shown(url: str) -> httpx.Response:
        return ask([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}])

    for url in (PNG, f"{PNG}QUJD", "data:text/plain,hello", "https://127.0.0.1/x.png", "file:///etc/passwd"):
        refused = shown(url)
        assert refused.status_code == 400, refused.text
    assert shown("https://example.org/x.png").json()["error"]["code"] == "invalid_image"


def test_who_has_no_token_gets_nothing(place: Place, site: str) -> None:
    body = {"model": "pocket", "messages": [USER]}
    for header in ("", "Bearer", "Bearer ana", f"Basic {place.keys['ana']}", f"Bearer {place.keys['ana']}x"):
        response = httpx.post(f"{site}{PATH}", json=body, headers={"Authorization": header} if header else {})
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["error"]["code"] == "invalid_api_key"
    assert httpx.get(f"{site}/v1/models").status_code == 401
    # It is asked for before the body is read.
    assert httpx.post(f"{site}{PATH}", content=b"{" * 2**20).status_code == 401


def test_other_addresses_and_ways(place: Place, site: str) -> None:
    head = bearer(place, "ana")
    assert httpx.get(f"{site}/v1/models", headers=head).json()["data"][0]["id"] == "pocket"
    assert httpx.get(f"{site}/v1/models/pocket", headers=head).json()["object"] == "model"
    for path, number in (
        ("/v1/models/other", 404),
        ("/v1/embeddings", 404),
        ("/", 404),
        ("/healthz/", 404),
        (PATH, 405),
    ):
        response = httpx.get(f"{site}{path}", headers=head)
        assert (response.status_code, set(response.json())) == (number, {"error"})
    assert httpx.get(f"{site}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{site}/readyz").json() == {"status": "ready"}
    other = httpx.post(f"{site}{PATH}", json={"model": "gpt", "messages": [USER]}, headers=head)
    assert (other.status_code, other.json()["error"]["code"]) == (404, "model_not_found")
    form = httpx.post(f"{site}{PATH}", data={"model": "pocket"}, headers=head)
    assert form.status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"model":"pocket","messages":[{"role":"user","content":"\\ud800"}]}',
        b'{"model":"pocket","messages":[{"role":"user","content":"x"}],"temperature":NaN}',
        b'{"model":"pocket","messages":[{"role":"user","content":"x"}],"seed":' + b"9" * 5000 + b"}",
        b'{"model":"pocket","messages":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_a_body_that_is_none(body: bytes, place: Place, site: str) -> None:
    head = bearer(place, "ana") | {"Content-Type": "application/json"}
    response = httpx.post(f"{site}{PATH}", content=body, headers=head)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_too_much_at_once_is_told_before_it_is_read(place: Place) -> None:
    bounds = Bounds(body_bytes=1000, body_seconds=0.3, asked_a_minute=5)
    head = bearer(place, "ana") | {"Content-Type": "application/json"}
    with served(place.answering, Tokens.read(place.file), bounds) as url:
        assert httpx.post(f"{url}{PATH}", content=b"x" * 1001, headers=head).status_code == 413

        def slowly(pause: float) -> Iterator[bytes]:
            for _ in range(3):
                yield b"x" * 400
                threading.Event().wait(pause)

        # In pieces, without a length.
        assert httpx.post(f"{url}{PATH}", content=slowly(0), headers=head).status_code == 413
        assert httpx.post(f"{url}{PATH}", content=slowly(0.5), headers=head).status_code == 408
        codes = [httpx.post(f"{url}{PATH}", content=b"{}", headers=head) for _ in range(3)]
        assert [one.status_code for one in codes] == [400, 400, 429]
        assert int(codes[-1].headers["retry-after"]) >= 1
        # Another owner's pace is another one.
        other = bearer(place, "ben") | {"Content-Type": "application/json"}
        assert httpx.post(f"{url}{PATH}", content=b"{}", headers=other).status_code == 400


class _Held:
    """The real answers, as soon as somebody lets them through."""

    def __init__(self, inner: LocalAnswering) -> None:
        self._inner, self.model, self.free, self.come = inner, inner.model, threading.Event(), 0

    async def ready(self) -> bool:
        return False

    async def answer(self, owner: str, wanted: Wanted) -> dict[str, Any]:
        self.come += 1
        await asyncio.to_thread(self.free.wait, 60)
        return await self._inner.answer(owner, wanted)

    async def stream(self, owner: str, wanted: Wanted) -> AsyncGenerator[dict[str, Any], None]:
        yield {"first": True}
        raise RuntimeError("a secret place")


def test_who_comes_when_it_is_full_is_sent_away(place: Place) -> None:
    held, bounds = _Held(place.answering), Bounds(waiting=3, waiting_owner=2)
    body = {"model": "pocket", "messages": [USER], "max_tokens": 2}
    with served(held, Tokens.read(place.file), bounds) as url, ThreadPoolExecutor(3) as pool:

        def post(owner: str) -> httpx.Response:
            return httpx.post(f"{url}{PATH}", json=body, headers=bearer(place, owner), timeout=60)

        first = [pool.submit(post, owner) for owner in ("ana", "ana")]
        while held.come < 2:
            assert not any(one.done() for one in first)
        mine = post("ana")
        assert (mine.status_code, mine.json()["error"]["type"]) == (429, "rate_limit_error")
        first.append(pool.submit(post, "ben"))
        while held.come < 3:
            assert not any(one.done() for one in first)
        full = post("new")
        assert (full.status_code, full.json()["error"]["code"]) == (503, "overloaded")
        assert int(full.headers["retry-after"]) >= 1
        held.free.set()
        assert [one.result().status_code for one in first] == [200, 200, 200]
        assert post("new").status_code == 200
        ready = httpx.get(f"{url}/readyz")
        assert (ready.status_code, "retry-after" in ready.headers) == (503, True)
        # What goes wrong inside is told without its words, and a stream has no good end then.
        broken = httpx.post(f"{url}{PATH}", json=body | {"stream": True}, headers=bearer(place, "ana"))
        assert "secret" not in broken.text
        assert "[DONE]" not in broken.text
        assert json.loads(broken.text.split("data: ")[-1])["error"]["type"] == "server_error"


def test_whoever_leaves_stops_the_work(place: Place, site: str) -> None:
    body = {"model": "pocket", "messages": [USER], "max_tokens": 400, "stream": True, "temperature": 2}
    with httpx.Client(base_url=site) as client:
        for _ in range(3):
            with client.stream("POST", PATH, json=body, headers=bearer(place, "new")) as response:
                next(response.iter_lines())
    # The model is free for others at once: three such answers were cut.
    body |= {"max_tokens": 1}
    response = httpx.post(f"{site}{PATH}", json=body, headers=bearer(place, "ana"), timeout=60)
    assert events(response)[-1]["choices"][0]["finish_reason"] in ("length", "stop")
    place.answering._thread.submit(lambda: None).result(60)


def test_errors_have_their_numbers() -> None:
    told = [
        Refusal.of(kind("why"), 7) for kind in (InputError, WindowError, DeadlineError, CorruptRecordError)
    ]
    assert [one.status for one in told] == [400, 400, 504, 503]
    assert told[1].code == "context_length_exceeded"
    # What the client did not cause is told in other words, and may be tried again.
    assert ("why" in told[0].message, "why" in told[3].message) == (True, False)
    assert told[3].headers == {"Retry-After": "7"}
    unknown = Refusal.of(OSError("/secret/place"), 7)
    assert (unknown.status, "secret" in unknown.message) == (500, False)
    again = Refusal.read(json.loads(json.dumps(told[3].told)))
    assert (again.body, again.headers) == (told[3].body, told[3].headers)


def test_a_conversation_that_is_too_long(ask: Ask) -> None:
    refused = ask("word " * 9_000)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "context_length_exceeded")
