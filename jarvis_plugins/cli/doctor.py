"""``jarvis doctor``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .options import ClipOption, HomeOption, JsonOption, ModelOption, settings_of
from .screen import console, one_line, print_json

if TYPE_CHECKING:
    from jarvis_memory.checkup import Check, State

__all__ = ["doctor", "show"]

_TITLES: Final = {
    "program": "Program",
    "machine": "Machine",
    "extras": "Extras",
    "model": "Model",
    "home": "Home",
    "settings": "Settings of the home",
}
_MARKS: Final[dict[State, tuple[str, str, str]]] = {
    "fine": ("✓", "+", "green"),
    "note": ("·", "-", "cyan"),
    "warning": ("!", "!", "bold yellow"),
    "wrong": ("✗", "x", "bold red"),
}
_NAME: Final = 17
_TOGETHER: Final = {"program": "libraries", "extras": "installed"}
_ALONE: Final = ("jarvis-plugins", "Python")


def doctor(
    context: typer.Context,
    json: JsonOption = False,
    home: HomeOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
) -> None:
    """Look at the installation, the model and the home, and say what to do; changes nothing.

    Exit code 1 if something is wrong; warnings leave it at 0.
    """
    from jarvis_memory.checkup import checkup, worst

    settings = settings_of(context, home=home, model=model, clip=clip)
    checks = checkup(settings.folder, settings.model, settings.clip)
    state = worst(checks)
    if json:
        print_json({"state": state, "checks": [asdict(check) for check in checks]})
    else:
        show(checks, console())
    if state == "wrong":
        raise typer.Exit(1)


def show(checks: Sequence[Check], to: Console) -> None:
    """Print checks, topic by topic, and what they come to."""
    for topic, group in groupby(checks, key=lambda check: check.topic):
        to.print()
        to.print(Text(_TITLES.get(topic, topic), style="bold"))
        to.print(Padding(_rows(_folded(topic, group), plain=not to.encoding.startswith("utf")), (0, 0, 0, 1)))
    to.print()
    to.print(_sum(checks))


def _folded(topic: str, checks: Iterable[Check]) -> Iterator[Check]:
    """What is fine and only has a version stands in one row, behind what stands alone."""
    from jarvis_memory.checkup import Check

    name = _TOGETHER.get(topic)
    rest: list[Check] = []
    versions: list[str] = []
    for check in checks:
        if name is None or check.state != "fine" or check.name in _ALONE:
            rest.append(check)
        else:
            versions.append(check.value if topic == "extras" else f"{check.name} {check.value}")
    if name is not None and versions:
        place = sum(check.state == "fine" for check in rest)
        rest.insert(place, Check(topic, name, ", ".join(versions)))
    yield from rest


def _rows(checks: Iterable[Check], *, plain: bool) -> Table:
    rows = Table.grid(padding=(0, 1))
    rows.add_column(width=1)
    rows.add_column(width=_NAME, style="dim")
    rows.add_column(overflow="fold")
    for check in checks:
        sign, ascii_sign, style = _MARKS[check.state]
        said = Table.grid()
        said.add_row(Text(one_line(check.value)))
        if check.advice:
            what = Table.grid(padding=(0, 1))
            tone = "yellow" if check.state in ("warning", "wrong") else "dim"
            what.add_row(Text("->" if plain else "→", style=tone), Text(one_line(check.advice), style=tone))
            said.add_row(what)
        rows.add_row(Text(ascii_sign if plain else sign, style=style), Text(one_line(check.name)), said)
    return rows


def _sum(checks: Sequence[Check]) -> Text:
    wrong, warnings = (sum(check.state == state for check in checks) for state in ("wrong", "warning"))
    more = f"{warnings} warning{'s' if warnings != 1 else ''}"
    if wrong:
        return Text(f"{wrong} thing{'s are' if wrong != 1 else ' is'} wrong, {more}.", style="bold red")
    if warnings:
        return Text(f"Nothing is wrong; {more}.", style="bold yellow")
    return Text("All is well.", style="bold green")
