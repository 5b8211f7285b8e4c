"""Trying again: exponential waits with full jitter, and a deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Patience"]

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on with what fails for a moment.

    Before try n a random time up to ``min(longest, first * 2**(n - 1))`` is waited: full jitter, which
    spreads those who were sent away together (M. Brooker, "Exponential Backoff And Jitter", AWS, 2015).

    Attributes:
        deadline: seconds; no try begins later.
        first, longest: seconds, of the bound of a wait.
    """

    deadline: float = 30.0
    first: float = 0.1
    longest: float = 5.0

    def run(
        self,
        action: Callable[[], _Result],
        passing: Callable[[Exception], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> _Result:
        """What ``action`` gives, at the latest try.

        Args:
            action: done again after an error that ``passing`` says may be gone in a moment.
            passing: of an error.
            clock, sleep: in seconds.

        Raises: the last error.
        """
        last, bound = clock() + self.deadline, self.first
        while True:
            try:
                return action()
            except Exception as error:
                wait = random.uniform(0, bound)
                if not passing(error) or clock() + wait > last:
                    raise
            sleep(wait)
            bound = min(self.longest, bound * 2)
