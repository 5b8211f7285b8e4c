"""The same question from stored segments and by a full prefill, measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jarvis_memory import Answer

    from .reply import Reply, Share

__all__ = ["ROUNDS", "Comparison", "compare"]

ROUNDS: Final = 3
_STORED: Final = ("compose", "link", "blend")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds to the first token: from stored segments, and with all their tokens computed anew."""

    stored: float
    full: float

    @property
    def ratio(self) -> float:
        """The one as a share of the other."""
        return self.stored / self.full


def compare(reply: Reply, ask: Callable[[Share, str], Answer]) -> Comparison | None:
    """Ask every question of a reply again both ways, in turn, three times; medians, added up.

    Args:
        reply: an earlier reply.
        ask: asks one of its questions in a mode.

    Returns:
        None if no segment was used for it: then there is nothing to compare.
    """
    used = [share for share in reply.shares if share.answer.usage.mode in _STORED and not share.look]
    if not used:
        return None
    stored, full = 0.0, 0.0
    for share in used:
        seconds: dict[str, list[float]] = {share.answer.usage.mode: [], "exact": []}
        for _ in range(ROUNDS):
            # In turn, so that what slows the machine down for a while slows both.
            for mode, taken in seconds.items():
                taken.append(ask(share, mode).timings.ttft)
        stored += statistics.median(seconds[share.answer.usage.mode])
        full += statistics.median(seconds["exact"])
    return Comparison(stored, full)
