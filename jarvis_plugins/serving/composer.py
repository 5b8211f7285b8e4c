"""Where one writes, and where pictures wait to be sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui.events import GenericEventArguments

from .build import part, words
from .desk import Desk
from .strip import Strip

__all__ = ["Composer"]

_ENTER = "(event) => jarvis.enter(event, emit)"
_SEND = "() => jarvis.send(emit)"


class Composer:
    """Where one writes.

    Args:
        desk: in whose tray pictures wait.
        say: called with what was written.
        stop: called when the answer that is on its way is to stop.
    """

    def __init__(self, desk: Desk, say: Callable[[str], Awaitable[None]], stop: Callable[[], None]) -> None:
        self._say = say
        with part("div", "composer"):
            self.strip = Strip(desk, desk.asking)
            with part("div", "write"):
                with part("label", "icon attach", for_="ask-files", title="Add pictures"):
                    words("span", "Add pictures", "unseen")
                    part(
                        "input",
                        "",
                        id="ask-files",
                        type="file",
                        multiple=True,
                        accept="image/png,image/jpeg,image/webp",
                        data_tray="ask",
                        aria_label="Add pictures",
                    )
                part(
                    "textarea",
                    "",
                    id="words",
                    rows="1",
                    placeholder="Ask about what is remembered",
                    aria_label="Your message",
                    maxlength=str(desk.limits.words),
                    autofocus=True,
                ).on("keydown", self._told, js_handler=_ENTER)
                part("button", "icon send", type="button", aria_label="Send", title="Send (Enter)").on(
                    "click", self._told, js_handler=_SEND
                )
                part("button", "icon halt", type="button", aria_label="Stop", title="Stop").on(
                    "click", lambda: stop()
                )
            words(
                "p", "Enter sends, Shift+Enter makes a line. Drop or paste pictures anywhere.", "hint quiet"
            )

    async def _told(self, event: GenericEventArguments) -> None:
        await self._say(str(event.args))
