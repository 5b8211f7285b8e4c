"""The process that clients reach: it checks tokens, and passes requests on to their owners' replicas."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import time
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, Final

from jarvis_plugins.api.app import build_api
from jarvis_plugins.api.frame import Framed
from jarvis_plugins.api.refusal import Refusal
from jarvis_plugins.api.tokens import Tokens
from jarvis_plugins.api.wanted import Wanted
from jarvis_retrievers.log import log

from .config import FleetConfig

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

__all__ = ["Door", "RemoteAnswering"]

_TIMES: Final = 3
_ASK_SECONDS: Final = 2.0
_READY_SECONDS: Final = 1.0
_BUSY_SECONDS: Final = 10.0


class RemoteAnswering:
    """Answers with the replica that an owner's requests go to.

    A replica that dies costs no answer: as long as a client has got nothing of it, the next replica is asked.
    An answer changes nothing, so that it may be made twice.

    Args:
        replicas: of `Replica`.
        model: how clients call the model.
        secret: keys the hashes that stand for owners where Ray routes.
        retry: seconds after which somebody who was sent away should come again.
    """

    def __init__(self, replicas: DeploymentHandle, model: str, secret: bytes, retry: int) -> None:
        from ray.exceptions import NodeDiedError, RayActorError
        from ray.serve.exceptions import (
            BackPressureError,
            DeploymentUnavailableError,
            ReplicaUnavailableError,
        )

        self._replicas, self._model, self._secret, self._retry = replicas, model, secret, retry
        # Everybody may ask whether it is ready, and what that takes is the owners'.
        self._asking, self._asked_until, self._is_ready = asyncio.Lock(), 0.0, False
        self._heard = -math.inf
        self._dead = (RayActorError, NodeDiedError, ReplicaUnavailableError)
        self._full = (BackPressureError, DeploymentUnavailableError)

    @property
    def model(self) -> str:
        """The id of the one model that may be asked for."""
        return self._model

    async def ready(self) -> bool:
        """Whether a replica answers."""
        async with self._asking:
            if time.monotonic() >= self._asked_until:
                self._is_ready = await self._ask()
                self._asked_until = time.monotonic() + _READY_SECONDS
            return self._is_ready

    async def answer(self, owner: str, wanted: Wanted) -> dict[str, Any]:
        """A ``chat.completion``; a `Refusal` if there is none."""
        handle = self._of(owner)
        for left in reversed(range(_TIMES)):
            said = handle.answer.remote(owner, wanted.body)
            try:
                told = await said
                self._heard = time.monotonic()
                return _checked(told)
            except asyncio.CancelledError:
                said.cancel()
                raise
            except self._full as error:
                raise self._overloaded() from error
            except self._dead as error:
                self._lost(error, left)
        raise self._overloaded()

    async def stream(self, owner: str, wanted: Wanted) -> AsyncGenerator[dict[str, Any], None]:
        """Chunks as they come; a `Refusal` in place of the first, or of any later one."""
        handle, told = self._of(owner).options(stream=True), False
        for left in reversed(range(_TIMES)):
            chunks = handle.stream.remote(owner, wanted.body)
            try:
                async for chunk in chunks:
                    self._heard = time.monotonic()
                    yield _checked(chunk)
                    told = True
                return
            except (GeneratorExit, asyncio.CancelledError):
                # Else the replica would go on for nobody.
                chunks.cancel()
                raise
            except self._full as error:
                raise self._overloaded() from error
            except self._dead as error:
                # What was told cannot be taken back, and another replica need not go on with the same words.
                self._lost(error, 0 if told else left)

    async def _ask(self) -> bool:
        said = self._replicas.facts.remote()
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                await said
        except TimeoutError:
            # Without a running replica it would wait for one; but all of them may be busy with answers.
            said.cancel()
            return time.monotonic() < self._heard + _BUSY_SECONDS
        except asyncio.CancelledError:
            said.cancel()
            raise
        except (*self._dead, *self._full):
            return False
        return True

    def _of(self, owner: str) -> DeploymentHandle:
        key = hmac.new(self._secret, b"owner\0" + owner.encode(), hashlib.sha256).hexdigest()
        return self._replicas.options(session_id=key)

    def _overloaded(self) -> Refusal:
        said = "all replicas have too much to do; try again later"
        return Refusal(503, said, kind="server_error", code="overloaded", retry_after=self._retry)

    def _lost(self, error: Exception, left: int) -> None:
        if left:
            log("server.failed", error=error)
        else:
            said = "the replica that answered has died; ask again"
            raise Refusal(503, said, kind="server_error", code="replica_lost", retry_after=1) from error


class Door:
    """The interface, before the replicas.

    Args:
        config: what the fleet is.
        secret: see `RemoteAnswering`.
        replicas: of `Replica`.
    """

    def __init__(self, config: FleetConfig, secret: bytes, replicas: DeploymentHandle) -> None:
        service = config.service
        self._tokens, self._bounds = Tokens.read(service.tokens), service.bounds
        self._answering = RemoteAnswering(replicas, service.model_id, secret, service.bounds.retry_seconds)

    def __serve_build_asgi_app__(self) -> Callable[..., Any]:
        """The app, made where the handles are."""
        app: Framed = build_api(self._answering, self._tokens, self._bounds)
        return app


def _checked(told: dict[str, Any]) -> dict[str, Any]:
    if "status" in told:
        raise Refusal.read(told)
    return told
