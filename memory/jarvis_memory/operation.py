"""A call of a memory from its beginning to its end: the one place that tells the log and OpenTelemetry of it.

Methods are marked with `operation`, and those that give their answer piece by piece with `streamed`. What
happens within comes as deeds (`jarvis_memory.watching`), which say themselves how long they took.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar, Token
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from jarvis_retrievers.log import bound, owner_tag

from . import journal
from .store.owner import OwnerStore
from .watching import Answered, Composed, Deed, Loaded, Retrieved, heard_by

if TYPE_CHECKING:
    from .engine import Engine
    from .telemetry import Telemetry, Trace

__all__ = ["Operation", "operation", "streamed", "under_way"]

P = ParamSpec("P")
T = TypeVar("T")
_CURRENT: ContextVar[Operation | None] = ContextVar("jarvis_operation", default=None)


class _Memory(Protocol):
    _store: OwnerStore
    _engine: Engine


S = TypeVar("S", bound=_Memory)


class Operation:
    """One call. Within ``with`` it is the one under way in this thread and task; that may be several times.

    Args:
        name: one of `jarvis_retrievers.log_fields.OPERATIONS`.
        owner: whose memory; None if it is of several.
        model: how the model was named.
        stream: it gives its answer piece by piece.

    Attributes:
        id: random, for the log.
        retrieve, load, compose: seconds, as far as it is by now.
    """

    def __init__(self, name: str, owner: str | None, model: str, *, stream: bool = False) -> None:
        self.name, self.owner, self.model, self.stream = name, owner, model, stream
        self.id, self._began = secrets.token_hex(4), time.perf_counter()
        self._fields = {"call": self.id, "owner": None if owner is None else owner_tag(owner)}
        self.retrieve = self.load = self.compose = 0.0
        self._over = self.answered = False
        self._inside: list[tuple[Token[Operation | None], Any, Any]] = []
        telemetry = _telemetry()
        self.trace: Trace | None = None if telemetry is None else telemetry.begin(self)

    @property
    def seconds(self) -> float:
        """How long it takes by now."""
        return time.perf_counter() - self._began

    def __enter__(self) -> Operation:
        fields = bound(**self._fields)
        fields.__enter__()
        attached = None if self.trace is None else self.trace.attach()
        self._inside.append((_CURRENT.set(self), fields, attached))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        token, fields, attached = self._inside.pop()
        _CURRENT.reset(token)
        if self.trace is not None and attached is not None:
            self.trace.detach(attached)
        if error is not None and not isinstance(error, StopIteration):
            self._end(error=error)
        fields.__exit__(None, None, None)

    def end(self, result: object = None, *, stopped: bool = False) -> None:
        """It has come to its end, or (``stopped``) nobody wants the rest. Only the first end counts."""
        with self:
            self._end(result, stopped=stopped)

    def _end(
        self, result: object = None, error: BaseException | None = None, *, stopped: bool = False
    ) -> None:
        if self._over:
            return
        self._over = True
        journal.ended(self, result, error, stopped)
        if self.trace is not None:
            self.trace.end(error, stopped)

    def heard(self, deed: Deed) -> None:
        """Something of it was done."""
        if isinstance(deed, Retrieved):
            self.retrieve += deed.seconds
        elif isinstance(deed, Loaded):
            self.load += deed.seconds
        elif isinstance(deed, Composed):
            self.compose += deed.seconds
        elif isinstance(deed, Answered):
            self.answered = True
        if self.trace is not None:
            self.trace.heard(deed)


class _Followed(Generator[T, None, None]):
    """An iterator whose every step is a part of an operation, which ends with it, however that ends."""

    def __init__(self, work: Operation, source: Iterator[T]) -> None:
        self._work, self._source = work, source

    def send(self, value: None) -> T:
        """The next item."""
        try:
            with self._work:
                return next(self._source)
        except StopIteration:
            self._work.end()
            raise

    def throw(self, kind: Any, value: Any = None, trace: Any = None) -> T:
        """Close it, and raise."""
        self.close()
        raise (kind if value is None else value)

    def close(self) -> None:
        """Stop the work, and end the operation."""
        close = getattr(self._source, "close", None)
        if close is not None:
            with self._work:
                close()
        # Whoever has the whole answer need not ask for what comes behind it.
        self._work.end(stopped=not self._work.answered)

    def __del__(self) -> None:
        self.close()


def under_way() -> Operation | None:
    """The operation that this thread and task is in."""
    return _CURRENT.get()


def operation(
    name: str,
) -> Callable[[Callable[Concatenate[S, P], T]], Callable[Concatenate[S, P], T]]:
    """A method of a memory as an operation of this name."""

    def marked(work: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
        @wraps(work)
        def called(self: S, /, *args: P.args, **named: P.kwargs) -> T:
            run = Operation(name, self._store.owner, self._engine.model_name)
            with run:
                result = work(self, *args, **named)
            run.end(result)
            return result

        return called

    return marked


def streamed(
    name: str,
) -> Callable[[Callable[Concatenate[S, P], Iterator[T]]], Callable[Concatenate[S, P], Iterator[T]]]:
    """The same for a method that gives an iterator: the operation goes on until that ends or is closed."""

    def marked(work: Callable[Concatenate[S, P], Iterator[T]]) -> Callable[Concatenate[S, P], Iterator[T]]:
        @wraps(work)
        def called(self: S, /, *args: P.args, **named: P.kwargs) -> Iterator[T]:
            run = Operation(name, self._store.owner, self._engine.model_name, stream=True)
            with run:
                source = work(self, *args, **named)
            return _Followed(run, source)

        return called

    return marked


def _telemetry() -> Telemetry | None:
    # Who has set up OpenTelemetry has loaded it: without that, not even its interface is loaded here.
    if "opentelemetry.trace" not in sys.modules and "opentelemetry.metrics" not in sys.modules:
        return None
    from .telemetry import telemetry

    return telemetry()


def _heard(deed: Deed) -> None:
    current = under_way()
    if current is not None:
        current.heard(deed)
    journal.heard(deed)


heard_by(_heard)
