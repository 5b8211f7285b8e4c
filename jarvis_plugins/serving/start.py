"""What is seen before anything was said: a greeting, questions to click, pictures to click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .build import button, part, picture, words
from .sample import Suggestion

__all__ = ["Start"]

_LEAD: Final = (
    "Each of them was shown once. Answers come from stored memory: no photo is read again, nothing leaves "
    "this machine."
)
_EMPTY: Final = (
    "Drop a few photos, give a name and some notes. From then on you can ask, in words or with a picture. "
    "Nothing leaves this machine."
)


class Start:
    """What is seen before anything was said.

    Args:
        ask: called with a suggestion that was clicked.
    """

    def __init__(self, ask: Callable[[Suggestion], object]) -> None:
        self._ask = ask
        self._place = part("section", "start")

    def show(self, suggestions: Sequence[Suggestion], empty: bool) -> None:
        """Build it again."""
        self._place.clear()
        with self._place:
            words("h1", "Who would you like to ask about?" if not empty else "Teach me someone.")
            words("p", _EMPTY if empty else _LEAD, "lead")
            plain = [one for one in suggestions if one.picture is None]
            if plain:
                with part("div", "suggestions", role="group", aria_label="Questions to try"):
                    for one in plain:
                        button(one.text, "suggestion").on("click", lambda _, one=one: self._ask(one))
            shown = [one for one in suggestions if one.picture is not None]
            if shown:
                with part("div", "samples", role="group", aria_label="Pictures to try"):
                    for number, one in enumerate(shown):
                        card = part("button", "sample", type="button")
                        card.on("click", lambda _, one=one: self._ask(one))
                        with card:
                            picture(f"/sample/{number}.jpg", "")
                            words("span", one.text)

    def hide(self) -> None:
        """Once something was said."""
        self._place.classes(add="hidden")
