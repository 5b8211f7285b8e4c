"""Statements one after the other, for connections that wait and for those that do not."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .session import AsyncSession, Row, Session

__all__ = ["Step", "Steps", "adone", "done"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """A statement that gives rows; ``%s`` stands for a value."""

    statement: str
    values: Sequence[Any] = ()


Steps = Generator[Step, list[Row], T]
"""Steps that are told the rows of each, and come to a result."""


def done(steps: Steps[T], session: Session) -> T:
    """Do all of them; returns what they come to."""
    try:
        step = next(steps)
        while True:
            step = steps.send(session.rows(step.statement, step.values))
    except StopIteration as end:
        result: T = end.value
        return result


async def adone(steps: Steps[T], session: AsyncSession) -> T:
    """The same, waiting for the server without holding up the loop."""
    try:
        step = next(steps)
        while True:
            step = steps.send(await session.rows(step.statement, step.values))
    except StopIteration as end:
        result: T = end.value
        return result
