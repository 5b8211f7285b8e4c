"""This project's errors as LangChain's, without ceasing to be ours.

``except ContextOverflowError`` and ``except WindowError`` both catch the same error, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelError,
    ModelInvalidRequestError,
    ModelTimeoutError,
)

from jarvis_retrievers.errors import DeadlineError, InputError, JarvisError, WindowError

__all__ = ["as_langchain"]

_TWINS: tuple[tuple[type[JarvisError], type[ModelError]], ...] = (
    (WindowError, ContextOverflowError),
    (DeadlineError, ModelTimeoutError),
    (InputError, ModelInvalidRequestError),
)


@contextmanager
def as_langchain() -> Iterator[None]:
    """Raise errors within as classes that are LangChain's as well."""
    try:
        yield
    except JarvisError as error:
        own: Any = type(error)
        kind = _twin(own)
        if kind is own:
            raise
        raise kind(str(error)) from error


@lru_cache  # one class for each, however often it is raised
def _twin(kind: type[Any]) -> type[Any]:
    """A class of both, by the name that the error has here."""
    for ours, theirs in _TWINS:
        if issubclass(kind, ours) and not issubclass(kind, theirs):
            both: type[Any] = type(kind.__name__, (kind, theirs), {"__doc__": kind.__doc__})
            return both
    return kind
