"""A question with names in place of all that stands for one."""

from __future__ import annotations

import re

from .desk import Desk
from .known import Known, listed, plural
from .looking import look_at
from .phrases import absent_kind, speaks_of_kinds, undescribed
from .pointing import from_notes, placed, placed_reply, this_one
from .resolving import Unclear, put, resolve
from .retrieving import present
from .state import Pending
from .ties import without_ties
from .turn import Turn

__all__ = ["ask_back", "question_of", "unclear"]

_EARLIER = re.compile(
    r"\b(?:in|on|at) (?:it|(?:the|that|this) (?:picture|photo|image|left|right|middle|cent(?:er|re)))\b"
    r"|\b(?:who|what) (?:is|was|are|were) (?:that|this|there)\b|^(?:and )?(?:is|are) .+ here\W*$",
    re.IGNORECASE,
)
_OF_PICTURE = re.compile(
    r"\b(?:in|on) (?:the|that|this) (?:picture|photo|image)\b"
    r"|^(?:and )?(?:who|what) is (?:on|in|at) the (?:left|right|middle)\b"
    r"|^(?:and )?(?:is|are) .+ here\W*$",
    re.IGNORECASE,
)
_IN_IT = re.compile(r"\b(?P<where>in|on) it\b", re.IGNORECASE)
_ALL = re.compile(
    r"^(?:and |so )?(?:who|which|how many|"
    r"(?:is there|does|do|is|are|has|have|can) (?:any|some)(?:body|one|thing| of them))\b",
    re.IGNORECASE,
)
_HAVE = re.compile(
    r"^(?:is there|are there|(?:do|did) (?:i|we|you) (?:have|own|know)|have (?:i|we) got) (?:an?|any|some) "
    r"(?P<kind>(?:[a-z]+ ){0,2}[a-z]+)\W*$",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"^(?:(?:and |but )?(?:what|how) about|and|but)\s+(?:for )?(?P<who>[^?]+?)[\s?!.]*$", re.IGNORECASE
)


def question_of(desk: Desk, turn: Turn) -> Turn:
    """A question with names, or what has to be asked back."""
    known = desk.known(turn)
    question, pictures = turn.question, () if turn.settled else turn.pictures or turn.images
    if not pictures and turn.state.picture is not None and not turn.settled and _earlier(question, known):
        pictures = (turn.state.picture,)
    if not pictures and not turn.settled and _OF_PICTURE.search(question):
        said = "I have no picture before me. Show me the one that you mean."
        return turn.but(next="end", kind="declined", question=question, said=said)
    if pictures:
        question = _IN_IT.sub(lambda match: f"{match['where']} the picture", question)
    question = _HAVE.sub(lambda match: f"How many {plural(match['kind'])} do I have?", question)
    turn = _looked(desk, turn.but(pictures=pictures), known, question)
    known = desk.known(turn)
    question = _again(desk, turn, known, question)
    before = desk.discussed(turn, known)
    if pictures:
        turn = _pointed(desk, turn.but(question=question), known)
        if turn.next != "resolve":
            return turn
        question, pictures = turn.question, turn.pictures
    found = resolve(question, known, before, shown=bool(pictures), excluded=turn.excluded)
    if isinstance(found, Unclear):
        return unclear(turn, found, found.question, 0)
    kind = "" if found.subjects or pictures else absent_kind(found.question, known)
    if kind:
        said = f"I know no {kind} of yours."
        return turn.but(next="end", question=found.question, said=said)
    everybody = not found.subjects and not pictures and bool(_ALL.match(found.question))
    return turn.but(
        next="retrieve",
        question=found.question,
        subjects=found.subjects,
        strangers=() if everybody else found.strangers,
        group=found.group,
        everybody=everybody,
    )


def unclear(turn: Turn, found: Unclear, question: str, shift: int) -> Turn:
    """Who is meant has to be asked back.

    Args:
        turn: so far.
        found: what is unclear.
        question: what goes on once that is clear; the unclear words stand ``shift`` characters further.
        shift: how far.
    """
    pending = Pending(
        wish="choice",
        question=question,
        start=found.start + shift,
        end=found.end + shift,
        choices=found.candidates,
        photos=turn.pictures,
    )
    return turn.but(next="ask_back", question=turn.question or question, pending=pending)


def ask_back(turn: Turn) -> Turn:
    """Say who may be meant."""
    pending = turn.pending
    if pending is None:
        return turn.but(next="end", said="I do not know who is meant.", kind="declined")
    words = pending.question[pending.start : pending.end]
    choices = pending.choices
    if pending.seen:
        said = f"I see somebody who may be {listed(choices, 'or')}. Who is it?"
    elif len(choices) == 1:
        said = f"I do not know {words}. Do you mean {choices[0]}?"
    else:
        said = f"Whom do you mean by \N{LEFT DOUBLE QUOTATION MARK}{words}\N{RIGHT DOUBLE QUOTATION MARK}: "
        said += f"{listed(choices, 'or')}?"
    return turn.but(next="end", kind="ask_back", said=said, choices=choices)


def _again(desk: Desk, turn: Turn, known: Known, question: str) -> str:
    """ "And Mimi?", "And the other one?" asks of these what was asked last; who that is comes later."""
    match = _AGAIN.match(question)
    if match is None or not turn.state.turns:
        return question
    last = turn.state.turns[-1]
    names = known.named(last.about)
    if len(names) != 1 or names[0] not in last.question:
        return question
    who = match["who"]
    here = this_one(who, known)
    found = resolve(who, known, desk.discussed(turn, known), excluded=turn.excluded)
    if isinstance(found, Unclear):
        whole = found.question == who and (found.start, found.end) == (0, len(who))
    else:
        whole = (found.question,) == (found.subjects or found.strangers)
    pointed = bool(placed_reply(who)) or (here is not None and (here.start, here.end) == (0, len(who)))
    if not (whole or pointed):
        return question
    return re.sub(rf"\b{re.escape(names[0])}\b", lambda _: who, last.question)


def _earlier(question: str, known: Known) -> bool:
    """Whether a question without a picture is about the last one."""
    here = this_one(question, known)
    this = here is not None and question[here.start :].lower().startswith("this")
    return this or _EARLIER.search(question) is not None


def _pointed(desk: Desk, turn: Turn, known: Known) -> Turn:
    """ "This dog" becomes the one of those seen; of several the user is asked, and nobody else is guessed."""
    question = turn.question
    here = this_one(question, known)
    side = placed(question)
    if here is None or (side is not None and side.start == here.start):
        return turn
    names, fact = present(desk, turn, known, here), from_notes(question)
    if not names:
        what = "nobody" if here.noun == "one" else f"no {here.noun}"
        return turn.but(next="end", said=f"I see {what} that I know.") if fact else turn
    clear = put(question, here.start, here.end, names[0])
    # Notes answer the rest, and a picture would only be described.
    settled = fact and placed(clear) is None and this_one(clear, known) is None
    turn = turn.but(pictures=() if settled else turn.pictures)
    if len(names) > 1:
        return unclear(turn, Unclear(question, here.start, here.end, names), question, 0)
    return _pointed(desk, turn.but(question=clear, settled=settled), known)


def _looked(desk: Desk, turn: Turn, known: Known, question: str) -> Turn:
    """Where a category is spoken of and some are not known, the model is asked what these are.

    The same where words describe somebody, and notes do not say who looks like that.
    """
    words = without_ties(question)
    unseen = known.unseen() if speaks_of_kinds(words) else ()
    return look_at(desk, turn, tuple(dict.fromkeys((*unseen, *undescribed(words, known)))))
