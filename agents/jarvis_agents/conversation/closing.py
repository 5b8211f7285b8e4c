"""The end of a turn: what the user reads, and what the conversation remembers of it."""

from __future__ import annotations

from .desk import Desk
from .known import Known
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
    # Of a concept that is forgotten not even the wish stays.
    new = () if turn.kind == "forgot" else (exchange,)
    state = ConversationState(
        turns=(*(_named_now(one, known) for one in before.turns), *new)[-desk.settings.most_turns :],
        pending=turn.pending,
        picture=turn.images[-1] if turn.images else before.picture,
        shown=known.keys(tuple(used)) if turn.images else (*before.shown, *_learned(turn, known)),
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


def _named_now(one: Exchange, known: Known) -> Exchange:
    """An earlier turn with the ids of those whom it named before they were concepts."""
    places = named(f"{one.asked}\n{one.question}\n{one.said}", known)
    now = known.keys([name for place in places if not place.doubtful for name in place.names])
    return one.model_copy(update={"named": tuple(dict.fromkeys((*one.named, *now)))})


def _learned(turn: Turn, known: Known) -> tuple[str, ...]:
    """Whom the last picture shows, now that it was remembered of them."""
    waiting, picture = turn.state.pending, turn.state.picture
    if turn.kind != "learned" or waiting is None or picture not in waiting.photos:
        return ()
    return known.keys(turn.subjects)
