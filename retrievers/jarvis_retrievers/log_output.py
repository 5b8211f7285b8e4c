"""How events are written to stderr, where somebody asked for it."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from .errors import SettingError

__all__ = ["handler", "parsed"]

_LEVELS = {"off": None, "info": logging.INFO, "debug": logging.DEBUG}


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is now; `configure_logging` knows it by the mark."""

    jarvis = True

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        """Today's stderr."""
        return sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:
        raise SettingError("events are written to stderr; add a handler of your own for another place")


def parsed(setting: str) -> tuple[int | None, bool]:
    """The level of a setting, None for nothing, and whether lines are JSON.

    Raises:
        SettingError: it is none.
    """
    word, _, form = setting.strip().lower().partition(":")
    if word not in _LEVELS or form not in ("", "json"):
        raise SettingError(
            f"a log is info or debug, with :json behind it for lines of JSON, or off; got {setting!r}"
        )
    return _LEVELS[word], form == "json"


def handler(json: bool) -> logging.Handler:
    """Writes one line for each event: for people, or JSON."""
    renderer: Any = structlog.processors.JSONRenderer()
    if not json:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=22, sort_keys=False, pad_level=True
        )
    made = _Stderr()
    made.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_unpacked],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    return made


def _unpacked(_: object, __: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event of a record; of others under our logger only where they come from."""
    record: logging.LogRecord = told["_record"]
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    told["event"] = getattr(record, "jarvis_event", record.name)
    told.update(getattr(record, "jarvis_fields", {}))
    told["level"] = record.levelname.lower()
    # What an error says may name somebody.
    told.pop("exc_info", None)
    record.exc_info = record.exc_text = None
    made: MutableMapping[str, Any] = stamp(None, "", told)
    return made
