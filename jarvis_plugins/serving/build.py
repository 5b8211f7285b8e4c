"""Small pieces that the page is built of; what somebody wrote is always text, never HTML."""

from __future__ import annotations

from typing import TypeVar

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

E = TypeVar("E", bound=Element)

__all__ = ["Words", "button", "milliseconds", "part", "picture", "words"]


class Words(TextElement):
    """An element with nothing but text in it."""

    def __init__(self, tag: str, text: str) -> None:
        super().__init__(tag=tag, text=text)


def part(tag: str, classes: str = "", **attributes: object) -> Element:
    """An element to put others into.

    Args:
        tag: of HTML.
        classes: of the style sheet.
        attributes: of HTML; ``_`` stands for ``-``, and one at the end is left out.
    """
    return _given(ui.element(tag).classes(classes), attributes)


def words(tag: str, text: str, classes: str = "", **attributes: object) -> Words:
    """An element with text; else as `part`."""
    made = Words(tag, text)
    _given(made.classes(classes), attributes)
    return made


def button(text: str, classes: str = "", **attributes: object) -> Words:
    """A button with text; its ``click`` is for the caller to listen to."""
    return words("button", text, f"button {classes}", type="button", **attributes)


def picture(source: str, alt: str, classes: str = "", **attributes: object) -> Element:
    """A picture."""
    return part("img", classes, src=source, alt=alt, draggable="false", **attributes)


def milliseconds(seconds: float) -> str:
    """As it is read: ``14 ms``, ``1.3 s``."""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _given(element: E, attributes: dict[str, object]) -> E:
    for name, value in attributes.items():
        # Never through a string of props, which a quote of a visitor could break.
        element.props[name.rstrip("_").replace("_", "-")] = value
    return element
