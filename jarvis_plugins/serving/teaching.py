"""The dialog in which something is taught: a name, notes, and photos."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

from jarvis_retrievers.errors import DuplicateConceptError, JarvisError

from .build import button, part, words
from .desk import Desk
from .strip import Strip
from .taught import Taught

__all__ = ["Teaching"]

_COLLECT = (
    "() => emit({name: document.getElementById('teach-name').value,"
    " notes: document.getElementById('teach-notes').value})"
)
_TYPES = "image/png,image/jpeg,image/webp"


class Teaching:
    """The dialog.

    Args:
        desk: where it is taught.
        done: called with what was taught.
    """

    def __init__(self, desk: Desk, done: Callable[[Taught], None]) -> None:
        self._desk, self._done = desk, done
        self._more: str | None = None
        with (
            ui.dialog() as self._dialog,
            part("div", "sheet teach", aria_labelledby="teach-title", role="dialog"),
        ):
            self._title = words("h2", "Teach something new", id="teach-title")
            words("label", "Name", for_="teach-name")
            self._name = part(
                "input", "field", id="teach-name", placeholder="Mochi", autocomplete="off", maxlength="200"
            )
            words("label", "Notes", for_="teach-notes")
            self._notes = part(
                "textarea",
                "field",
                id="teach-notes",
                rows="3",
                placeholder="Plain sentences: Mochi likes noodles. Mochi was born in May.",
                maxlength=str(desk.limits.words),
            )
            words("span", "Photos", "label")
            with part("label", "zone", for_="teach-files"):
                words("strong", "Drop photos here, paste them, or choose")
                words("span", "JPEG, PNG or WEBP; two or three views are best", "quiet")
                part(
                    "input",
                    "",
                    id="teach-files",
                    type="file",
                    multiple=True,
                    accept=_TYPES,
                    data_tray="teach",
                    aria_label="Choose photos",
                )
            self.strip = Strip(desk, desk.teaching)
            self._said = part("div", "said-here", role="status")
            with part("div", "actions"):
                button("Cancel", "ghost").on("click", lambda: self._dialog.close())
                self._go = button("Remember", "strong")
                self._go.on("click", self._send, js_handler=_COLLECT)

    def open(self, more: str | None = None) -> None:
        """Open it, empty; ``more``: the name of a concept that is to be told more of."""
        self._more = more
        self._title.text = f"Add to {more}" if more else "Teach something new"
        self._desk.teaching.take()
        self.strip.show()
        self._said.clear()
        # Quasar gives the focus to it as soon as the dialog is there.
        self._name.props["data-autofocus"] = None if more else "true"
        self._notes.props["data-autofocus"] = "true" if more else None
        self._name.classes(add="hidden" if more else "", remove="" if more else "hidden")
        self._dialog.open()

    async def _send(self, event: GenericEventArguments) -> None:
        name, notes = (str(event.args.get(key, "")) for key in ("name", "notes"))
        self._busy(True)
        try:
            if self._more:
                made = await asyncio.to_thread(self._desk.add, self._more, notes)
            else:
                made = await asyncio.to_thread(self._desk.teach, name, notes)
        except DuplicateConceptError as error:
            self._complain(str(error), name)
            return
        except JarvisError as error:
            self._complain(str(error))
            return
        finally:
            self._busy(False)
        self._dialog.close()
        self._done(made)

    def _complain(self, message: str, there: str | None = None) -> None:
        self._said.clear()
        with self._said:
            words("p", message, "complaint", role="alert")
            if there:
                button(f"Add to {there} instead", "ghost").on("click", lambda: self._instead(there))

    def _instead(self, there: str) -> None:
        self._more = there
        self._title.text = f"Add to {there}"
        self._said.clear()

    def _busy(self, busy: bool) -> None:
        self._go.text = "Remembering …" if busy else "Remember"
        self._go.props["disabled"] = busy
