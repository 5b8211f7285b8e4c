"""Something that reads what others wrote."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Target", "as_text", "folder", "must"]

os.environ.setdefault("HF_HUB_OFFLINE", "1")


@dataclass(frozen=True)
class Target:
    """Something that reads what others wrote.

    Right is an error of the project's own tree, or a value that is what is promised.

    Attributes:
        about: what it reads.
        examples: right ones, to begin with.
        run: reads bytes; raises all that is not right.
    """

    about: str
    examples: Callable[[], list[bytes]]
    run: Callable[[bytes], None]


def as_text(data: bytes) -> str:
    """Any bytes as a text, halves of characters among them."""
    try:
        return data.decode("utf-8", errors="surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace")


def must(holds: bool, what: str) -> None:
    """That a promise is kept."""
    if not holds:
        raise AssertionError(what)


@cache
def folder() -> Path:
    """An empty folder of this process."""
    made = tempfile.TemporaryDirectory(prefix="jarvis-fuzz-")
    _KEPT.append(made)
    return Path(made.name)


# Deleted when the process ends.
_KEPT: list[tempfile.TemporaryDirectory[str]] = []
