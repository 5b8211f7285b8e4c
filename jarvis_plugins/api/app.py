"""The interface as an ASGI app."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from jarvis_plugins.serving.rate import Rate
from jarvis_retrievers.log import log

from .answering import Answering
from .bounds import Bounds
from .frame import Framed
from .refusal import Refusal
from .tokens import Tokens
from .turnstile import Turnstile
from .wanted import Wanted

__all__ = ["build_api"]


def build_api(answering: Answering, tokens: Tokens, bounds: Bounds | None = None) -> Framed:
    """An ASGI app with ``/v1/chat/completions``, ``/v1/models``, ``/healthz`` and ``/readyz``.

    Args:
        answering: who answers.
        tokens: who may ask, and for whom: of all that a request says, the token alone decides.
        bounds: how much may be asked.
    """
    api = _Api(answering, tokens, bounds or Bounds())
    routes = [
        Route("/v1/chat/completions", api.completions, methods=["POST"]),
        Route("/v1/models", api.models),
        Route("/v1/models/{model:path}", api.one_model),
        Route("/healthz", api.health),
        Route("/readyz", api.readiness),
    ]
    handlers: dict[Any, Any] = {Refusal: _refused, HTTPException: _nowhere, Exception: _failed}
    app = Starlette(routes=routes, exception_handlers=handlers)
    # It would be sent on to whatever host its headers say.
    app.router.redirect_slashes = False
    return Framed(app)


class _Api:
    """The routes."""

    def __init__(self, answering: Answering, tokens: Tokens, bounds: Bounds) -> None:
        self._answering, self._tokens, self._bounds = answering, tokens, bounds
        self._turnstile, self._rate = Turnstile(bounds), Rate(bounds.asked_a_minute)
        self._began = int(time.time())

    async def completions(self, request: Request) -> Response:
        owner = self._owner(request)
        self._check_pace(owner)
        with ExitStack() as held:
            held.enter_context(self._turnstile.passed(owner))
            wanted = await asyncio.to_thread(Wanted.read, await self._body(request), self._bounds)
            if not wanted.stream:
                return JSONResponse(await _unless_left(request, self._answering.answer(owner, wanted)))
            chunks = self._answering.stream(owner, wanted)
            # What is refused is refused with its number, before a stream begins.
            first = await _unless_left(request, anext(chunks))
            return _Events(first, chunks, held.pop_all(), self._bounds)

    async def models(self, request: Request) -> Response:
        self._owner(request)
        return JSONResponse({"object": "list", "data": [self._model()]})

    async def one_model(self, request: Request) -> Response:
        self._owner(request)
        wanted = request.path_params["model"]
        if wanted != self._answering.model:
            raise Refusal(
                404, f"there is no model {wanted[:80]!r} here", param="model", code="model_not_found"
            )
        return JSONResponse(self._model())

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readiness(self, request: Request) -> Response:
        if not await self._answering.ready():
            wait = self._bounds.retry_seconds
            raise Refusal(
                503, "the model is not ready; try again later", kind="server_error", retry_after=wait
            )
        return JSONResponse({"status": "ready"})

    def _model(self) -> dict[str, Any]:
        return {
            "id": self._answering.model,
            "object": "model",
            "created": self._began,
            "owned_by": "jarvis",
        }

    def _owner(self, request: Request) -> str:
        """Whose request it is; before anything of the body is read."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        owner = self._tokens.owner(token.strip()) if kind.casefold() == "bearer" else None
        if owner is None:
            said = "a token is needed that is known here: Authorization: Bearer TOKEN"
            raise Refusal(401, said, code="invalid_api_key")
        request.scope["jarvis.owner"] = owner
        return owner

    def _check_pace(self, owner: str) -> None:
        # Not by address: many owners may come through one proxy, and nobody comes without a token.
        wait = self._rate.take(owner, owner)
        if wait:
            raise Refusal(
                429,
                f"more than {self._bounds.asked_a_minute} requests in a minute; wait",
                kind="rate_limit_error",
                code="rate_limit_exceeded",
                retry_after=math.ceil(wait),
            )

    async def _body(self, request: Request) -> bytes:
        most = self._bounds.body_bytes
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:19]) > most:
            raise _too_large(most)
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().casefold()
        if kind != "application/json":
            raise Refusal(415, "the body must be of the type application/json")
        body = bytearray()
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        raise _too_large(most)
        except TimeoutError as error:
            raise Refusal(408, "the body took too long to arrive; send it again") from error
        except ClientDisconnect as error:
            raise Refusal(400, "the body has no end; send it again") from error
        return bytes(body)


async def _unless_left(request: Request, answer: Any) -> Any:
    """What an awaitable gives; it is given up when the client has left."""

    async def left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    work, gone = asyncio.ensure_future(_waited(answer)), asyncio.ensure_future(left())
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            await asyncio.wait({work})
            raise Refusal(499, "the client has left")
        return work.result()
    finally:
        work.cancel()
        gone.cancel()


async def _waited(answer: Any) -> Any:
    return await answer


class _Events(StreamingResponse):
    """Chunks as server-sent events; an error in the middle is one of them, without ``[DONE]`` behind it."""

    def __init__(
        self,
        first: dict[str, Any],
        chunks: AsyncGenerator[dict[str, Any], None],
        held: ExitStack,
        bounds: Bounds,
    ) -> None:
        super().__init__(self._told(first, chunks, bounds.retry_seconds), media_type="text/event-stream")
        self._chunks, self._held, self._seconds = chunks, held, bounds.send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            # Whoever does not read would hold the place for ever.
            async with asyncio.timeout(self._seconds):
                await send(message)

        # Not within the generator: one that was never begun has no end either.
        with self._held:
            try:
                await super().__call__(scope, receive, sending)
            finally:
                await self._chunks.aclose()

    @staticmethod
    async def _told(
        first: dict[str, Any], chunks: AsyncGenerator[dict[str, Any], None], retry: int
    ) -> AsyncIterator[str]:
        try:
            yield _event(first)
            async for chunk in chunks:
                yield _event(chunk)
        except Refusal as refusal:
            refusal.log_cause()
            yield _event(refusal.body)
        except Exception as error:
            log("server.failed", error=error)
            yield _event(Refusal.of(error, retry).body)
        else:
            yield "data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"a request may have {most:,} bytes at most; send fewer or smaller images")


async def _refused(request: Request, error: Exception) -> Response:
    refusal = error if isinstance(error, Refusal) else Refusal.of(error, 1)
    refusal.log_cause()
    return JSONResponse(refusal.body, refusal.status, refusal.headers)


async def _nowhere(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    said = (
        f"{request.method} is not known here"
        if status == 405
        else "there is nothing here; see /v1/chat/completions and /v1/models"
    )
    headers = dict(getattr(error, "headers", None) or {})
    return JSONResponse(Refusal(status, said, code="unknown_url").body, status, headers)


async def _failed(request: Request, error: Exception) -> Response:
    return JSONResponse(Refusal.of(error, 1).body, 500)
