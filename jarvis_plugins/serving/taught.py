"""What was taught, and what should be looked at again."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from jarvis_memory import Concept
from jarvis_retrievers.errors import JarvisWarning

__all__ = ["Taught", "taught"]

# What warnings do is a matter of the process: two records at once would mix them up.
_RECORDING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Taught:
    """A concept as it is stored now.

    Attributes:
        concept: the concept.
        doubts: what `PhotoWarning` and `NoteWarning` say of it, one line each.
    """

    concept: Concept
    doubts: tuple[str, ...] = ()


def taught(remember: Callable[[], Concept]) -> Taught:
    """Remember something, with the doubts that come with it."""
    with _RECORDING, warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", JarvisWarning)
        concept = remember()
    others = [one for one in noted if not isinstance(one.message, JarvisWarning)]
    for one in others:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    doubts = (str(one.message) for one in noted if isinstance(one.message, JarvisWarning))
    return Taught(concept, tuple(dict.fromkeys(doubts)))
