"""The pictures that wait in a tray, each with a button that takes it away."""

from __future__ import annotations

from collections.abc import Callable

from .build import part, picture
from .desk import Desk
from .tray import Tray

__all__ = ["Strip"]


class Strip:
    """The pictures that wait in a tray.

    Args:
        desk: whose tray it is.
        tray: what is shown.
        changed: called after a picture was taken away.
    """

    def __init__(self, desk: Desk, tray: Tray, changed: Callable[[], None] = lambda: None) -> None:
        self._desk, self._tray, self._changed = desk, tray, changed
        self._row = part("div", "strip", role="group", aria_label="Pictures")

    def show(self) -> None:
        """Show what is in the tray now."""
        self._row.clear()
        with self._row:
            for one in self._tray.pictures:
                with part("div", "thumb"):
                    picture(f"/picture/{self._desk.id}/{one.id}.jpg", one.name, title=one.name)
                    away = part("button", "away", type="button", aria_label=f"Take {one.name} away")
                    away.on("click", lambda _, key=one.id: self._drop(key))

    def _drop(self, key: str) -> None:
        self._tray.drop(key)
        self.show()
        self._changed()
