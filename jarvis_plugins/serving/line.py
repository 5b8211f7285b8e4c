"""One piece of work at a time: whoever comes waits behind those who came before."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

__all__ = ["Line", "Ticket", "Waiting"]

T = TypeVar("T")

_STEP: Final = 0.5


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many others are first."""

    ahead: int


class Ticket:
    """A place in a `Line`."""


class Line:
    """Work of one model, in the order in which it came."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._tickets: deque[Ticket] = deque()

    def __len__(self) -> int:
        """How many work or wait."""
        return len(self._tickets)

    def join(self) -> Ticket:
        """Take a place at the end; `leave` it in a ``finally``."""
        ticket = Ticket()
        with self._turn:
            self._tickets.append(ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give a place up, wherever it is."""
        with self._turn:
            self._tickets.remove(ticket)
            self._turn.notify_all()

    def waiting(self, ticket: Ticket) -> Iterator[Waiting]:
        """Ends when it is the ticket's turn; until then says twice a second how many are first."""
        while True:
            with self._turn:
                ahead = self._tickets.index(ticket)
            if not ahead:
                return
            yield Waiting(ahead)
            with self._turn:
                self._turn.wait_for(lambda: self._tickets[0] is ticket, _STEP)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The block runs alone, when those before it are done."""
        ticket = self.join()
        try:
            with self._turn:
                self._turn.wait_for(lambda: self._tickets[0] is ticket)
            yield
        finally:
            self.leave(ticket)

    def alone(self, work: Callable[[], T]) -> T:
        """The result of work that ran alone."""
        with self.turn():
            return work()
