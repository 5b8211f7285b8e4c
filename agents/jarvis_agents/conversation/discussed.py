"""Who was spoken of in the turns before, for "she", "both" and "the other one"."""

from __future__ import annotations

from collections.abc import Sequence

from .known import Known
from .state import Exchange

__all__ = ["Discussed"]


class Discussed:
    """Who was spoken of.

    Args:
        turns: oldest first.
        known: the concepts that are there.
    """

    def __init__(self, turns: Sequence[Exchange], known: Known) -> None:
        # The latest first, and only those who are still there.
        self._about = [names for turn in reversed(turns) if (names := known.named(turn.about))]
        self._together = [
            names for turn in reversed(turns) if (names := known.named(turn.about or turn.offered))
        ]

    def one(self) -> tuple[str, ...]:
        """Whom "she" may mean: those of the last turn that was about anybody."""
        return self._about[0] if self._about else ()

    def several(self) -> tuple[str, ...]:
        """Whom "they" means: those of the last turn, or with one alone also the one before."""
        if not self._about or len(self._about[0]) > 1:
            return self.one()
        first = self._about[0]
        before = next((names for names in self._about[1:] if set(names) != set(first)), ())
        return (*before, *first) if len(before) == 1 else first

    def other(self) -> tuple[str, ...]:
        """Whom "the other one" may mean: of two, the one that the last turn was not about.

        After a choice these two are those who were to choose from.
        """
        if not self._together or len(self._together[0]) > 1:
            return self._together[0] if self._together else ()
        (last,) = self._together[0]
        for names in self._together[1:]:
            rest = tuple(name for name in names if name != last)
            if rest:
                return rest
        return ()
