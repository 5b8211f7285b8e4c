"""A transaction of one thread: what it reads and writes inside of it joins it, each part as one owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .driver import driver
from .session import Session

__all__ = ["NOBODY", "Seen", "Transaction", "begin", "seen_by", "turn_of"]

Seen = tuple[str, str]
"""Whose rows are seen: the settings ``jarvis.owner`` and ``jarvis.home``."""

NOBODY: Seen = ("", "")

_SEE = "SELECT set_config('jarvis.owner', %s, true), set_config('jarvis.home', %s, true)"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
_WAIT = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def seen_by(owner: str | None) -> Seen:
    """What an owner sees, or, for None, whoever asks for what belongs to the home."""
    return ("", "on") if owner is None else (owner, "")


def turn_of(owner: str | None) -> str:
    """What writers of the same wait for."""
    return "jarvis/home/on" if owner is None else f"jarvis/owner/{owner}"


def begin(writes: bool, seen: Seen, turns: set[str]) -> Any:
    """The one message that begins a transaction. Values are quoted, as such a message has no parameters."""
    sql = driver().sql
    parts = [sql.SQL(_WRITE if writes else _READ)]
    named = [pair for pair in zip(("jarvis.owner", "jarvis.home"), seen, strict=True) if pair[1]]
    for name, value in named:
        parts.append(sql.SQL("SELECT set_config({}, {}, true)").format(sql.Literal(name), sql.Literal(value)))
    for turn in turns:
        wait = "SELECT pg_advisory_xact_lock(hashtextextended({}, 0))"
        parts.append(sql.SQL(wait).format(sql.Literal(turn)))
    return sql.SQL("; ").join(parts)


class Transaction:
    """A connection in a transaction. Threads do not share it.

    Args:
        connection: of psycopg.
        writes: whether it may write.
        seen: whose rows it sees already.
        turns: whom it keeps from writing already, until it ends.
    """

    def __init__(self, connection: Any, writes: bool, seen: Seen, turns: set[str]) -> None:
        self.writes = writes
        self._connection, self._seen, self._turns = connection, seen, turns

    @property
    def broken(self) -> bool:
        """Whether the server takes no statement in it any more: all of it will be undone."""
        return bool(self._status != driver().pq.TransactionStatus.INTRANS)

    @contextmanager
    def of(self, owner: str | None, *, write: bool = False) -> Iterator[Session]:
        """The rows of an owner, or of the home; afterwards those that were seen before.

        Where it may write, nobody else writes for this owner from now on: what is read here is true until
        the end. Settings of the home are only waited for by those who write them.
        """
        before = self._seen
        self._see(seen_by(owner))
        if write or (self.writes and owner is not None):
            self._wait(turn_of(owner))
        try:
            yield Session(self._connection)
        finally:
            # Of nobody there is no session that would go on.
            if before != NOBODY and not self.broken:
                self._see(before)

    @property
    def _status(self) -> Any:
        return self._connection.info.transaction_status

    def _see(self, seen: Seen) -> None:
        if seen != self._seen:
            self._connection.execute(_SEE, seen)
            self._seen = seen

    def _wait(self, turn: str) -> None:
        if turn not in self._turns:
            self._connection.execute(_WAIT, (turn,))
            self._turns.add(turn)
