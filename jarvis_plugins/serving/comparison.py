"""The same question from stored segments and by a full prefill, measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jarvis_memory import Answer, Timings

    from .reply import Reply, Share

__all__ = ["ROUNDS", "Comparison", "compare"]

ROUNDS: Final = 3
_STORED: Final = ("compose", "link", "blend")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds to the first token: from stored segments, and with all their tokens computed anew.

    Attributes:
        stored, full: both ways, from the question to the first token.
        finding: what of either went into finding who is meant, which is the same work.
    """

    stored: float
    full: float
    finding: tuple[float, float] = (0.0, 0.0)

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
    sums = {"stored": [0.0, 0.0], "full": [0.0, 0.0]}
    for share in used:
        ways = {"stored": share.answer.usage.mode, "full": "exact"}
        taken: dict[str, list[Timings]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            # In turn, so that what slows the machine down for a while slows both.
            for way, mode in ways.items():
                taken[way].append(ask(share, mode).timings)
        for way, timings in taken.items():
            sums[way][0] += statistics.median(one.ttft for one in timings)
            sums[way][1] += statistics.median(one.retrieve for one in timings)
    return Comparison(sums["stored"][0], sums["full"][0], (sums["stored"][1], sums["full"][1]))
