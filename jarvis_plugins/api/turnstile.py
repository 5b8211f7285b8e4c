"""How many requests are under way or wait at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from .bounds import Bounds
from .refusal import Refusal

__all__ = ["Turnstile"]


class Turnstile:
    """Counts those within; whoever would be too many is sent away at once. For one event loop.

    Args:
        bounds: how many there may be.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._within: Counter[str] = Counter()
        self._all = 0

    def __len__(self) -> int:
        """How many are within."""
        return self._all

    @contextmanager
    def passed(self, owner: str) -> Iterator[None]:
        """Room for one request of an owner.

        Raises:
            Refusal: 429 if the owner has too many already, 503 if all together have.
        """
        wait = self._bounds.retry_seconds
        if self._within[owner] >= self._bounds.waiting_owner:
            raise Refusal(
                429,
                f"{self._within[owner]} requests of yours are under way; wait for one of them",
                kind="rate_limit_error",
                code="rate_limit_exceeded",
                retry_after=wait,
            )
        if self._all >= self._bounds.waiting:
            said = "too many requests are waiting; try again later"
            raise Refusal(503, said, kind="server_error", code="overloaded", retry_after=wait)
        self._within[owner] += 1
        self._all += 1
        try:
            yield
        finally:
            self._all -= 1
            self._within[owner] -= 1
            if not self._within[owner]:
                del self._within[owner]
