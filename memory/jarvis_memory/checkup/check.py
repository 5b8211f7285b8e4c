"""One thing that was looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Check", "State", "worst"]

State = Literal["fine", "note", "warning", "wrong"]
_ORDER: tuple[State, ...] = ("fine", "note", "warning", "wrong")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        topic: what it belongs to, such as "home".
        name: what it is.
        value: what was seen.
        state: "fine"; "note", something to know; "warning", something to do now and then; "wrong",
            something that keeps it from working, or from keeping its promises.
        advice: what to do, if there is something.
    """

    topic: str
    name: str
    value: str
    state: State = "fine"
    advice: str = ""


def worst(checks: Iterable[Check]) -> State:
    """The worst state of all."""
    return max((check.state for check in checks), key=_ORDER.index, default="fine")
