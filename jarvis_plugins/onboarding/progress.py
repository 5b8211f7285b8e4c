"""How far onboarding is, on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .outcome import Outcome, Status

__all__ = ["Tally", "shown"]

_WORDS: tuple[Status, ...] = ("remembered", "updated", "skipped", "refused")


@dataclass(slots=True)
class Tally:
    """Counts outcomes by status, and how many were told with a doubt."""

    counts: Counter[str] = field(default_factory=Counter)
    doubted: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        self.counts[outcome.status] += 1
        self.doubted += bool(outcome.doubts)

    def __str__(self) -> str:
        told = [f"{self.counts[word]} {word}" for word in _WORDS if self.counts[word] or word == "remembered"]
        return ", ".join(told)


@contextmanager
def shown(console: Console, total: int) -> Iterator[Tally]:
    """A tally, and a bar of it on the console if that is a terminal."""
    if not console.is_terminal:
        yield Tally()
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, speed_estimate_period=60) as progress:
        task = progress.add_task("", total=total, rate="")

        class Shown(Tally):
            def add(self, outcome: Outcome) -> None:
                super().add(outcome)
                speed = progress.tasks[task].speed
                rate = f"{speed:.1f}/s" if speed else ""
                progress.update(task, advance=1, description=str(self), rate=rate)

        yield Shown()
