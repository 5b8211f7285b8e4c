"""How far a run is, on stderr, and only where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["Course"]

# Seconds of the past that the time left is told from: questions with pictures take longer than others.
_PAST: Final = 300.0
Step = Callable[[], None]


class Course:
    """A line for what is asked now, and one for all, with the questions done and the time left.

    Use it as a context manager.

    Args:
        total: questions of all parts together; 0 has no line for all.
        screen: where to; by default stderr.
    """

    def __init__(self, total: int = 0, screen: Console | None = None) -> None:
        screen = screen or Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description:<24}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=screen,
            transient=True,
            disable=not screen.is_terminal,
            speed_estimate_period=_PAST,
        )
        self._left = total
        self._all = self._bars.add_task("all", total=total) if total else None
        self._now: TaskID | None = None

    def part(self, name: str, total: int, done: int = 0) -> Step:
        """Begin a part of so many questions, some of them done already; call what is returned for each."""
        if self._now is not None:
            self._bars.remove_task(self._now)
        # What was done before tells nothing of how long the rest takes.
        self._less(done)
        task = self._now = self._bars.add_task(name, total=total - done)

        def step() -> None:
            self._bars.advance(task)
            if self._all is not None:
                self._bars.advance(self._all)

        return step

    def skip(self, questions: int) -> None:
        """Questions that are not asked after all."""
        self._less(questions)

    def _less(self, questions: int) -> None:
        self._left -= questions
        if self._all is not None and questions:
            self._bars.update(self._all, total=max(0, self._left))

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
