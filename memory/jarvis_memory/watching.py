"""What a memory does for an answer, told to whoever watches.

::

    with watched(print):
        memory.ask("What does Bo like?")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from .tally import Miss

__all__ = ["Deed", "Loaded", "Origin", "Retrieved", "tell", "watched"]

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


Deed = Retrieved | Loaded
Listener = Callable[[Deed], None]

# Of a context, not of a memory: threads that share a memory each hear of their own answers only.
_LISTENERS: ContextVar[tuple[Listener, ...]] = ContextVar("jarvis_listeners", default=())


@contextmanager
def watched(listener: Listener) -> Iterator[None]:
    """Tell ``listener`` what any memory does within, in this thread and task; its errors are raised there."""
    token = _LISTENERS.set((*_LISTENERS.get(), listener))
    try:
        yield
    finally:
        _LISTENERS.reset(token)


def tell(deed: Deed) -> None:
    """Tell whoever watches."""
    for listener in _LISTENERS.get():
        listener(deed)
