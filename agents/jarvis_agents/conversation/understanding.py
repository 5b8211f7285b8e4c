"""The step that understands what the user wrote: a reply, a wish, or a question with names in it."""

from __future__ import annotations

import re

from .desk import Desk
from .known import Known, listed
from .plan import Sub
from .resolving import Unclear, resolve
from .state import Pending
from .turn import Turn

__all__ = ["question_of", "understand"]

_EARLIER = re.compile(
    r"\b(?:in|on|at) (?:it|(?:the|that|this) (?:picture|photo|image|left|right|middle|cent(?:er|re)))\b"
    r"|\b(?:who|what) (?:is|was|are|were) (?:that|this|there)\b",
    re.IGNORECASE,
)
_IN_IT = re.compile(r"\b(?P<where>in|on) it\b", re.IGNORECASE)
_ALL = re.compile(
    r"^(?:and |so )?(?:who|which|how many|is there (?:anybody|anyone|somebody)|does (?:any|some)(?:body|one))\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(r"^(?:and|what about|how about|and what about)\s+(?P<who>.+?)\s*\?*$", re.IGNORECASE)


def understand(desk: Desk, turn: Turn) -> Turn:
    """What the user wants of this turn."""
    return question_of(desk, turn.but(question=turn.text))


def question_of(desk: Desk, turn: Turn) -> Turn:
    """A question with names in place of all that stands for one, or what has to be asked back."""
    known = desk.known(turn)
    question, pictures = turn.question, turn.pictures or turn.images
    if not pictures and turn.state.picture is not None and _EARLIER.search(question):
        pictures = (turn.state.picture,)
    if pictures:
        question = _IN_IT.sub(lambda match: f"{match['where']} the picture", question)
    question = _again(turn, known, question)
    turn = _looked(desk, turn, known, question)
    known = desk.known(turn)
    found = resolve(
        question, known, desk.discussed(turn, known), shown=bool(pictures), excluded=turn.excluded
    )
    if isinstance(found, Unclear):
        pending = Pending(
            wish="choice",
            question=found.question,
            start=found.start,
            end=found.end,
            choices=found.candidates,
            photos=pictures,
        )
        return turn.but(next="ask_back", pending=pending, pictures=pictures)
    everybody = not found.subjects and not pictures and bool(_ALL.match(found.question))
    return turn.but(
        next="retrieve",
        question=found.question,
        subjects=found.subjects,
        strangers=() if everybody else found.strangers,
        group=found.group,
        everybody=everybody,
        pictures=pictures,
    )


def _again(turn: Turn, known: Known, question: str) -> str:
    """ "And Mimi?" asks of Mimi what was asked last."""
    match = _AGAIN.match(question)
    if match is None or not turn.state.turns:
        return question
    last = turn.state.turns[-1]
    names = known.named(last.about)
    who = [name for name in known.names if name.casefold() == match["who"].casefold()]
    if len(who) != 1 or len(names) != 1 or not last.question:
        return question
    return re.sub(rf"\b{re.escape(names[0])}\b", lambda _: who[0], last.question)


_NOUN = re.compile(r"\b(?:my|our|the) (?:[a-z]+ ){0,3}[a-z]+|\b(?:pets?|animals?)\b", re.IGNORECASE)


def _looked(desk: Desk, turn: Turn, known: Known, question: str) -> Turn:
    """Where a category is spoken of and some are not known, the model is asked what these are."""
    unseen = known.unseen()[: desk.settings.most_mapped]
    if not unseen or not _NOUN.search(question) or not _categorical(question, known):
        return turn
    subs = [
        Sub(question=f"What is {name}?", names=(name,), tokens=desk.settings.fact_tokens) for name in unseen
    ]
    turn, parts = desk.look(turn, subs)
    looks = tuple(
        (known.concepts[name].id, part.answer.text) for name, part in zip(unseen, parts, strict=True)
    )
    return turn.but(looks=(*turn.looks, *looks))


def _categorical(question: str, known: Known) -> bool:
    from .kinds import speaks_of_kinds

    return speaks_of_kinds(question)


def ask_back(desk: Desk, turn: Turn) -> Turn:
    """Say who may be meant."""
    pending = turn.pending
    if pending is None:
        return turn.but(next="end", said="I do not know who is meant.", kind="declined")
    words = pending.question[pending.start : pending.end]
    choices = pending.choices
    if len(choices) == 1:
        said = f"I do not know {words}. Do you mean {choices[0]}?"
    elif pending.seen:
        said = f"I see somebody who may be {listed(choices, 'or')}. Who is it?"
    else:
        said = f"Whom do you mean by \N{LEFT DOUBLE QUOTATION MARK}{words}\N{RIGHT DOUBLE QUOTATION MARK}: {listed(choices, 'or')}?"
    return turn.but(next="end", kind="ask_back", said=said, choices=choices)
