"""Dialogs that ask twice: before a concept is forgotten, and after one was taught with doubts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import ui

from jarvis_retrievers.errors import JarvisError

from .build import button, part, words
from .desk import Desk
from .taught import Taught

__all__ = ["Forgetting"]


class Forgetting:
    """Dialogs that ask twice.

    Args:
        desk: where is forgotten.
        done: called with the name of what was forgotten.
    """

    def __init__(self, desk: Desk, done: Callable[[str], None]) -> None:
        self._desk, self._done = desk, done
        with ui.dialog() as self._dialog:
            self._sheet = part("div", "sheet", role="alertdialog", aria_labelledby="forget-title")

    def open(self, name: str) -> None:
        """Ask whether a concept is to be forgotten."""
        self._ask(
            f"Forget {name}?",
            ["Its photos, notes, patches and segment are erased from the home. This cannot be undone."],
            name,
            "Keep",
        )

    def doubt(self, made: Taught) -> None:
        """Show the doubts about what was taught."""
        self._ask(
            f"{made.concept.name} is remembered, but look again", made.doubts, made.concept.name, "Keep it"
        )

    def _ask(self, title: str, lines: list[str] | tuple[str, ...], name: str, keep: str) -> None:
        self._sheet.clear()
        with self._sheet:
            words("h2", title, id="forget-title")
            for line in lines:
                words("p", line, "doubt" if len(lines) > 1 or keep == "Keep it" else "")
            self._said = part("div", "said-here", role="status")
            with part("div", "actions"):
                button(keep, "ghost", data_autofocus="true").on("click", lambda: self._dialog.close())
                button("Forget", "strong danger").on("click", lambda: self._forget(name))
        self._dialog.open()

    async def _forget(self, name: str) -> None:
        try:
            await asyncio.to_thread(self._desk.forget, name)
        except JarvisError as error:
            with self._said:
                words("p", str(error), "complaint", role="alert")
            return
        self._dialog.close()
        self._done(name)
