"""The end of a turn: what the user reads, and what the conversation remembers of it."""

from __future__ import annotations

from .desk import Desk
from .naming import named
from .said import Said
from .state import ConversationState, Exchange
from .turn import Turn

__all__ = ["said_of"]


def said_of(desk: Desk, turn: Turn) -> Said:
    """What the user reads, with the state to go on with."""
    known = desk.known(turn)
    used = dict.fromkeys(name for part in turn.parts for name in part.concepts)
    concepts = tuple(name for name in dict.fromkeys((*turn.subjects, *used)) if name in known.concepts)
    text = f"{turn.text}\n{turn.question}\n{turn.said}"
    told = [name for place in named(text, known) if not place.doubtful for name in place.names]
    everyone = dict.fromkeys((*concepts, *told, *turn.choices))
    about = turn.subjects or tuple(used)
    exchange = Exchange(
        asked=turn.text,
        question=turn.question,
        said=turn.said,
        named=known.keys(tuple(everyone)),
        about=known.keys(about) if turn.kind in {"answer", "learned", "corrected"} else (),
        offered=known.keys(turn.choices) if turn.kind == "ask_back" else (),
    )
    before = turn.state
    state = ConversationState(
        # Of a concept that is forgotten not even the wish stays.
        turns=(*before.turns, *(() if turn.kind == "forgot" else (exchange,)))[-desk.settings.most_turns :],
        pending=turn.pending,
        picture=turn.images[-1] if turn.images else before.picture,
        shown=known.keys(tuple(used)) if turn.images else before.shown,
        looks=turn.looks,
    ).without(known.ids)
    return Said(
        text=turn.said,
        kind=turn.kind,
        choices=turn.choices,
        parts=turn.parts,
        concepts=concepts,
        cost=turn.cost,
        notices=turn.notices,
        state=state,
    )
