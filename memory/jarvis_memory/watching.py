"""What a memory does for an answer, told to whoever watches.

::

    with watched(print):
        memory.ask("What does Bo like?")
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from .answer import Timings, Usage
from .tally import Miss

__all__ = [
    "Answered",
    "Composed",
    "Deed",
    "Evicted",
    "Loaded",
    "Origin",
    "Retrieved",
    "Worked",
    "heard_by",
    "tell",
    "timed",
    "watched",
]

Origin = Literal["hand", "store", "encoded"]


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Concepts were looked for.

    Attributes:
        query: the text that was looked for.
        images: how many pictures there were.
        found: id, name and fused score of each concept, most likely first.
        seconds: how long it took.
    """

    query: str
    images: int
    found: tuple[tuple[str, str, float], ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """The segment of a concept was made ready.

    Attributes:
        concept_id, name: whose.
        origin: it was at ``hand``, came from the ``store``, or had to be ``encoded``.
        miss: why it had to be encoded; see `LoadCounts`. None if it did not have to.
        tokens: its rows. nbytes: of its keys, values and features.
        seconds: how long it took.
    """

    concept_id: str
    name: str
    origin: Origin
    tokens: int
    nbytes: int
    seconds: float
    miss: Miss | None = None


@dataclass(frozen=True, slots=True)
class Evicted:
    """Segments are kept at hand no more, as others were used later.

    Attributes:
        tier: "ram" or "gpu".
        segments: how many. nbytes: of theirs.
    """

    tier: Literal["ram", "gpu"]
    segments: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class Composed:
    """A context was made.

    Attributes:
        mode: how. segments: of how many.
        tokens: its rows. reused: those that came from stored segments and the prefix.
        seconds: how long it took.
    """

    mode: str
    segments: int
    tokens: int
    reused: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, or a turn of a conversation, has its whole answer.

    Attributes:
        concepts: how many stand in the context.
        usage, timings: those of the answer.
    """

    concepts: int
    usage: Usage
    timings: Timings


@dataclass(frozen=True, slots=True)
class Worked:
    """A stage of writing a concept is done: patches were mined, its segment encoded, or both stored."""

    stage: Literal["mine", "encode", "store"]
    seconds: float


Deed = Retrieved | Loaded | Evicted | Composed | Answered | Worked
Listener = Callable[[Deed], None]

# Of a context, not of a memory: threads that share a memory each hear of their own answers only.
_LISTENERS: ContextVar[tuple[Listener, ...]] = ContextVar("jarvis_listeners", default=())
_ALWAYS: list[Listener] = []


@contextmanager
def watched(listener: Listener) -> Iterator[None]:
    """Tell ``listener`` what any memory does within, in this thread and task; its errors are raised there."""
    token = _LISTENERS.set((*_LISTENERS.get(), listener))
    try:
        yield
    finally:
        _LISTENERS.reset(token)


def heard_by(listener: Listener) -> None:
    """Tell ``listener`` what any memory of this process does from now on."""
    _ALWAYS.append(listener)


@contextmanager
def timed(stage: Literal["mine", "encode", "store"]) -> Iterator[None]:
    """Tell how long what is within took, if it comes to its end."""
    began = time.perf_counter()
    yield
    tell(Worked(stage, time.perf_counter() - began))


def tell(deed: Deed) -> None:
    """Tell whoever watches."""
    for listener in (*_ALWAYS, *_LISTENERS.get()):
        listener(deed)
