"""The step that makes one answer of all that the model said."""

from __future__ import annotations

from collections.abc import Sequence

from .desk import Desk
from .known import Known
from .naming import named
from .part import Part
from .pointing import placed
from .reducing import reduce
from .resolving import put
from .seeing import seen_in
from .turn import Turn

__all__ = ["conclude"]


def conclude(desk: Desk, turn: Turn) -> Turn:
    """One answer; or, where the model has said who "the friend of Bo" is, the question that goes on."""
    plan, known = turn.plan, desk.known(turn)
    if plan is None:
        return turn.but(next="verify")
    own = turn.parts[len(turn.parts) - len(plan.subs) :]
    if plan.reduce == "whole" and not turn.pictures and _left_out(turn, own, known):
        apart = desk.planner.plan(
            turn.question, turn.subjects, turn.allowed, shown=False, group=True, everybody=False
        )
        if len(apart.subs) > 1:
            notice = "not all fit the model's window together; each was asked alone"
            return turn.but(next="choose", plan=apart, notices=(*turn.notices, notice))
    if plan.reduce != "hop":
        # A planner may ask of some only.
        names = turn.subjects if plan.reduce in {"whole", "record"} else turn.subjects[: len(own)]
        said, who = reduce(plan, own, names, known)
        if turn.pictures and not turn.subjects:
            who = seen_in(said, known.names)
        return turn.but(next="verify", said=said, subjects=who or turn.subjects)
    words = turn.question[plan.start : plan.end]
    seen = plan.subs[0].shown
    if seen:
        found = list(seen_in(own[0].answer.text, turn.allowed or known.names))
    else:
        places = named(own[0].answer.text, known)
        found = [name for place in places if not place.doubtful for name in place.names if name != plan.value]
    if not found:
        return turn.but(next="verify", said=f"I do not know who {words} is.")
    question = put(turn.question, plan.start, plan.end, found[0])
    settled = turn.settled or (seen and placed(question) is None)
    return turn.but(next="resolve", text=turn.text, question=question, plan=None, settled=settled)


def _left_out(turn: Turn, own: Sequence[Part], known: Known) -> bool:
    """Whether one question about several had no room for all of them."""
    wanted = {name for name in turn.subjects if name in known.concepts}
    return len(wanted) > 1 and len(own) == 1 and not wanted <= set(own[0].concepts)
