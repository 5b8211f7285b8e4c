"""How items are put into words, the same for all methods."""

from __future__ import annotations

from typing import Final

from .item import LETTERS, Form, Item

__all__ = ["prompt_of", "rotated"]

_INSTRUCTION: Final[dict[Form, str]] = {
    "yes_no": "Answer with Yes or No.",
    "choice": "Answer with the letter of the right option.",
    "open": "",
    "caption": "Name those you know.",
}


def rotated(item: Item, rotation: int) -> tuple[str, ...]:
    """The options as they are shown: those from ``rotation`` on, then those before it."""
    return (*item.options[rotation:], *item.options[:rotation])


def prompt_of(item: Item, rotation: int = 0) -> str:
    """The question, its options a line each, and how to answer."""
    options = zip(LETTERS, rotated(item, rotation), strict=False)
    lines = [item.question, *(f"{letter}. {text}" for letter, text in options), _INSTRUCTION[item.form]]
    return "\n".join(line for line in lines if line)
