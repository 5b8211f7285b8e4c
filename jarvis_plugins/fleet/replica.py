"""A process with one model, which answers for the owners whose requests come to it."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

from jarvis_memory.vlm import VLM
from jarvis_plugins.api.local import LocalAnswering
from jarvis_plugins.api.refusal import Refusal
from jarvis_plugins.api.wanted import Wanted
from jarvis_retrievers.errors import JarvisError, ModelError
from jarvis_retrievers.openclip import OpenCLIPEncoder

from .config import FleetConfig

__all__ = ["Replica"]


class Replica:
    """Answers with its own model; plain values come and go.

    What comes in is an owner whose token the door has checked, and the JSON of a request. Nothing but Ray's
    own token keeps others from calling it.

    Args:
        config: what the fleet is.
    """

    def __init__(self, config: FleetConfig) -> None:
        service, self._id = config.service, secrets.token_hex(4)
        self._bounds = service.bounds
        self._vlm = VLM.load(service.model, device=service.device)
        encoder = OpenCLIPEncoder.load(service.clip, device=service.device)
        self._memories = service.memories(self._vlm, encoder)
        self._answering = LocalAnswering(self._memories, service.model_id, service.bounds, service.policy)

    async def answer(self, owner: str, body: bytes) -> dict[str, Any]:
        """A ``chat.completion``, or what `Refusal.told` has."""
        try:
            return self._signed(await self._answering.answer(owner, Wanted.read(body, self._bounds)))
        except Refusal as refusal:
            refusal.log_cause()
            return refusal.told

    async def stream(self, owner: str, body: bytes) -> AsyncGenerator[dict[str, Any], None]:
        """Chunks, or at last what `Refusal.told` has."""
        try:
            async for chunk in self._answering.stream(owner, Wanted.read(body, self._bounds)):
                yield self._signed(chunk)
        except Refusal as refusal:
            refusal.log_cause()
            yield refusal.told

    async def facts(self) -> dict[str, Any]:
        """Which process it is, how many memories are open, and how often segments were there."""
        # A memory may be opened at this moment, which nobody else on the loop has to wait for.
        return await asyncio.to_thread(self._facts)

    def _facts(self) -> dict[str, Any]:
        loads = asdict(self._memories.loads)
        return {"replica": self._id, "pid": os.getpid(), "open": len(self._memories), "loads": loads}

    def _signed(self, told: dict[str, Any]) -> dict[str, Any]:
        """With the replica that it comes from, where facts are told."""
        if "jarvis" in told:
            told["jarvis"]["replica"] = self._id
        return told

    def check_health(self) -> None:
        """Called by Serve; an error has the replica replaced."""
        try:
            self._vlm.prefix  # noqa: B018 - whatever is wrong with the model, this needs all of it
        except JarvisError as error:
            raise ModelError(f"the model of this replica cannot be used any more: {error}") from error

    def close(self) -> None:
        """Finish what is under way, and close the memories."""
        self._answering.close()

    def __del__(self) -> None:
        """Called by Serve when what was under way is finished."""
        if "_answering" in self.__dict__:
            self.close()
