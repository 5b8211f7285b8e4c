"""Who answers behind the interface."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Protocol

from .wanted import Wanted

__all__ = ["Answering"]


class Answering(Protocol):
    """Answers requests of owners whose tokens were checked."""

    @property
    def model(self) -> str:
        """The id of the one model that may be asked for."""

    async def ready(self) -> bool:
        """Whether a request would be answered now."""

    async def answer(self, owner: str, wanted: Wanted) -> dict[str, Any]:
        """A ``chat.completion``; a `Refusal` if there is none."""

    def stream(self, owner: str, wanted: Wanted) -> AsyncGenerator[dict[str, Any], None]:
        """Chunks as they come; a `Refusal` in place of the first, or of any later one."""
