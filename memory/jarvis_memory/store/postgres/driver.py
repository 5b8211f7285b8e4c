"""psycopg, imported when it is first needed."""

from __future__ import annotations

import importlib
from typing import Any

from jarvis_retrievers.errors import ExtraError

__all__ = ["driver", "pools"]


def driver() -> Any:
    """The module ``psycopg`` (version 3).

    Raises:
        ExtraError: it is not installed.
    """
    return _load("psycopg")


def pools() -> Any:
    """The module ``psycopg_pool``.

    Raises:
        ExtraError: it is not installed.
    """
    return _load("psycopg_pool")


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ExtraError(
            f"PostgreSQL needs {name}, which cannot be imported ({error}); run: pip install "
            '"jarvis-plugins[scale]"'
        ) from error
