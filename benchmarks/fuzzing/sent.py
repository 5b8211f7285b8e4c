"""What programs send: requests, values of agents, messages of both frameworks."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any

from jarvis_retrievers.errors import JarvisError

from .target import Target, folder, must

__all__ = ["TARGETS"]


def _requests() -> list[bytes]:
    return [
        b"GET\n/\nhost: localhost:8080",
        b"GET\n/login\nhost: [::1]:8080\norigin: http://[::1]:8080",
        b"POST\n/photo/../x\nhost: evil\nsec-fetch-site: cross-site\ncookie: session=abc",
    ]


@cache
def _page() -> Any:
    from starlette.responses import PlainTextResponse

    from jarvis_plugins.serving import Service
    from jarvis_plugins.serving.rate import Rate
    from jarvis_plugins.serving.server import walled
    from jarvis_plugins.serving.sessions import Sessions

    return walled(PlainTextResponse("the page"), Service(), Sessions(), Rate(10**9))


def _request(data: bytes) -> None:
    lines = data.split(b"\n")
    method, path = (*lines, b"", b"")[:2]
    headers = [tuple(part.strip() for part in line.split(b":", 1)) for line in lines[2:] if b":" in line]
    place, _, query = path.partition(b"?")
    kind = "websocket" if method == b"WS" else "http"
    scope: dict[str, Any] = {
        "type": kind,
        "method": method.decode("latin-1") or "GET",
        "path": place.decode("latin-1") or "/",
        "raw_path": place,
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "scheme": "http",
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    if kind == "websocket":
        scope["type"] = "http"
    asyncio.run(_page()(scope, receive, send))
    statuses = [message["status"] for message in sent if message["type"] == "http.response.start"]
    must(
        len(statuses) == 1 and statuses[0] in {200, 303, 401, 403, 404, 421, 429}, f"answered with {statuses}"
    )
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    must(bool(hosts) or statuses[0] == 421, "answered without a host")


def _items() -> list[bytes]:
    return [b'{"ns": ["a", "b"], "key": "k", "value": {"text": "x", "n": [1, 2.5, null]}}']


@cache
def _store() -> Any:
    from jarvis_plugins.langchain import PersonalStore

    return PersonalStore(folder() / "home", "ana")


def _item(data: bytes) -> None:
    from langgraph.store.base import InvalidNamespaceError

    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(given, dict):
        return
    place, key, value = given.get("ns"), given.get("key"), given.get("value")
    if not isinstance(place, list):
        return
    namespace = tuple(place)
    try:
        _store().put(namespace, key, value)
        kept = _store().get(namespace, key)
        _store().search(namespace[:1], filter=value if isinstance(value, dict) else None)
    except (JarvisError, InvalidNamespaceError):
        return
    must(value is None or json.dumps(kept.value) == json.dumps(value), "an item did not come back")
    _store().delete(namespace, key)


def _messages() -> list[bytes]:
    return [
        b'{"role": "human", "content": "Hi"}',
        b'{"role": "human", "content": ["a", {"type": "text", "text": "b"}]}',
        b'{"role": "human", "content": [{"type": "image", "url": "data:,x"}]}',
        b'{"role": "ai", "content": [{"type": "image_url", "image_url": {"url": "https://a.example"}}]}',
        b'{"role": "ai", "content": "", "calls": [{"id": "1", "name": "clock", "args": {"a": [1]}}]}',
        b'{"role": "tool", "content": "x", "call_id": "1"}',
        b'{"role": "ai", "kwargs": {"tool_calls": [{"function": {"name": "c"}}]}}',
    ]


def _message(data: bytes) -> None:
    from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
    from llama_index.core.base.llms.types import ChatMessage

    from jarvis_plugins.langchain.chat_messages import conversation
    from jarvis_plugins.llama_index.messages import conversation as other
    from jarvis_retrievers.sources import ImagePolicy

    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(given, dict):
        return
    role, content, calls = given.get("role"), given.get("content", ""), given.get("calls") or []
    more: dict[str, Any] = {"tool_calls": calls} if role == "ai" else {}
    more |= {"tool_call_id": given.get("call_id", "")} if role == "tool" else {}
    kinds: dict[Any, type[BaseMessage]] = {"ai": AIMessage, "system": SystemMessage, "tool": ToolMessage}
    kind = kinds.get(role, HumanMessage) if isinstance(role, str) else HumanMessage
    try:
        message = kind(content=content, **more)
        blocks = message.content_blocks
    except Exception:  # noqa: S110 (what their library itself refuses, never reaches ours)
        pass
    else:
        try:
            (read,) = conversation([message], ImagePolicy())
        except JarvisError:
            read = None
        must(read is None or len(read.images) <= len(blocks), "more pictures than blocks")
    kwargs = given.get("kwargs")
    try:
        theirs = ChatMessage(role="assistant", content=content, additional_kwargs=kwargs or {})
    except Exception:
        return
    try:
        other([theirs], ImagePolicy())
    except JarvisError:
        return


TARGETS = {
    "item": Target("values of agents", _items, _item),
    "message": Target("messages of LangChain and LlamaIndex", _messages, _message),
    "request": Target("requests to the page", _requests, _request),
}
