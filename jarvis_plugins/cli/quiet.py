"""Keeps other libraries' chatter off the screen; warnings become one line each."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from jarvis_retrievers.log_events import EVENTS

from .screen import complain

__all__ = ["quiet"]

_OURS = (
    *("jarvis", "jarvis_pocket", "jarvis_retrievers", "jarvis_memory", "jarvis_agents", "jarvis_plugins"),
    "jarvis_bench",
)
# Read when transformers, huggingface_hub and tokenizers are first imported.
_SWITCHES = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
# They speak to programmers.
_FOR_PROGRAMMERS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning)


class _OneLine(logging.Handler):
    """Ours from warnings on, but those that an answer's notices tell; others' from errors on."""

    def emit(self, record: logging.LogRecord) -> None:
        ours = record.name.partition(".")[0] in _OURS
        event = EVENTS.get(getattr(record, "jarvis_event", ""))
        if record.levelno < (logging.WARNING if ours else logging.ERROR) or (event and event.noticed):
            return
        said = record.getMessage().partition(": ")[2] if event else record.getMessage()
        complain("warning" if record.levelno < logging.ERROR else "error", said)


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if not issubclass(category, _FOR_PROGRAMMERS):
        complain("warning", str(message))


@contextmanager
def quiet() -> Iterator[None]:
    """While it runs, warnings and log records are one line on stderr each; libraries draw no progress bars.

    Switches that the user has set stay as they are.
    """
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    handler = _OneLine()
    logging.getLogger().addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show
            yield
    finally:
        logging.getLogger().removeHandler(handler)
