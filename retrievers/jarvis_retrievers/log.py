"""What is told to the log: short constant events, with numbers and words of closed lists beside them.

::

    log("home.recovered", files=3)

Nothing that a person has written can get there: a field holds a number, a random id, a word of its own list,
or the type of an error, never its text (`jarvis_retrievers.log_fields`). Importing this loads the standard
library's logging alone; structlog is loaded with the first event that somebody wants to have.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from .errors import SettingError
from .log_events import EVENTS, EventName
from .log_fields import checked

if TYPE_CHECKING:
    import structlog

__all__ = ["ROOT", "bound", "configure_logging", "log", "owner_tag", "wanted"]

ROOT = "jarvis"
"""The logger above all others of this project. It has no handler that writes unless somebody asks for one."""

_LOGGER = logging.getLogger(ROOT)
_LOGGER.addHandler(logging.NullHandler())
_BOUND: ContextVar[Mapping[str, object] | None] = ContextVar("jarvis_log", default=None)
# Of this process alone: nobody who reads a log can try out which owner a tag stands for.
_KEY = secrets.token_bytes(32)
_environment: list[str] = ["JARVIS_LOG"]


def owner_tag(owner: str) -> str:
    """Eight hexadecimal digits that stand for an owner while this process runs, and tell nothing else."""
    return hashlib.blake2b(owner.encode(), key=_KEY, digest_size=4).hexdigest()


def log(event: EventName, /, **fields: object) -> None:
    """Tell an event.

    Args:
        event: one of `EVENTS`.
        fields: those of `FIELDS`; ``error`` takes the error itself, and tells its type and code.

    Raises:
        SettingError: no such field.
    """
    _begin()
    known = EVENTS[event]
    logger = _logger(event)
    if logger.isEnabledFor(known.level):
        _wrapped(event).log(known.level, event, **{**(_BOUND.get() or {}), **fields})


def wanted(event: EventName) -> bool:
    """Whether somebody wants to have an event, so that what it takes need not be put together in vain."""
    _begin()
    return _logger(event).isEnabledFor(EVENTS[event].level)


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Tell fields with every event within, in this thread and task."""
    token = _BOUND.set({**(_BOUND.get() or {}), **fields})
    try:
        yield
    finally:
        _BOUND.reset(token)


def configure_logging(setting: str = "info") -> None:
    """Write events to stderr from now on.

    Args:
        setting: "info" or "debug" and, for lines of JSON, ":json" behind it; "off" for nothing.

    Raises:
        SettingError: something else.
    """
    from .log_output import handler, parsed

    level, json = parsed(setting)
    _environment.clear()
    for one in [one for one in _LOGGER.handlers if not isinstance(one, logging.NullHandler)]:
        if getattr(one, "jarvis", False):
            _LOGGER.removeHandler(one)
    if level is None:
        _LOGGER.setLevel(logging.NOTSET)
        _LOGGER.propagate = True
        return
    _LOGGER.addHandler(handler(json))
    _LOGGER.setLevel(level)
    # What is written here is not written again by handlers of the root.
    _LOGGER.propagate = False


def _begin() -> None:
    """Do as the environment says, once, with the first event."""
    if not _environment:
        return
    name = _environment.pop()
    setting = os.environ.get(name, "")
    if not setting:
        return
    try:
        configure_logging(setting)
    except SettingError as error:
        warnings.warn(f"{name} is not used: {error}", RuntimeWarning, stacklevel=4)


@cache
def _logger(event: str) -> logging.Logger:
    return logging.getLogger(f"{ROOT}.{event.partition('.')[0]}")


@cache
def _wrapped(event: str) -> structlog.stdlib.BoundLogger:
    import structlog

    made: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        _logger(event), processors=[_clean, _record], wrapper_class=structlog.stdlib.BoundLogger
    )
    return made


def _clean(_: object, __: str, told: MutableMapping[str, Any]) -> Mapping[str, Any]:
    event = told.pop("event")
    return {"event": event, **checked(told)}


def _record(_: object, __: str, told: MutableMapping[str, Any]) -> dict[str, Any]:
    """The arguments of a record that any handler can print; ours takes the values beside the message."""
    event = told.pop("event")
    says = EVENTS[event].says
    fields = " ".join(f"{name}={value}" for name, value in told.items())
    message = f"{event}: {says}" + (f" ({fields})" if fields else "")
    return {"msg": message, "extra": {"jarvis_event": event, "jarvis_fields": dict(told)}}
