"""What the user wants of a turn: an answer, something remembered, changed or forgotten, or to reply."""

from __future__ import annotations

import re

from . import forgetting, learning
from .correcting import replaced, tell_of
from .desk import Desk
from .introducing import introduced
from .known import Known
from .looking import looked_at
from .naming import named
from .pointing import placed, placed_reply
from .properties import asked_property
from .replies import agreed, behind_yes, chosen, fitting
from .resolving import Unclear, put, resolve
from .state import Pending
from .statements import Statement, asks, corrects, statements
from .turn import Turn
from .understanding import question_of, unclear
from .words import NO, YES

__all__ = ["understand"]

_NEVER_MIND = re.compile(r"^(?:please )?(?:forget (?:it|that|this|about it)|never ?mind)\W*$", re.IGNORECASE)

_WHO = re.compile(r"(?:and )?(?:who\b|what is (?:it|this|that)\b|name )", re.IGNORECASE)
_THANKS = re.compile(
    r"(?:ok(?:ay)?|great|good|nice|fine)?[,.! ]*(?:many )?(?:thanks|thank you)[ \w]*[.!]*", re.IGNORECASE
)
_HELLO = re.compile(
    r"(?:hello|hi|hey|good (?:morning|afternoon|evening|day))(?: (?:there|you|jarvis|everyone))?\W*",
    re.IGNORECASE,
)


def understand(desk: Desk, turn: Turn) -> Turn:
    """The first step of a turn."""
    if turn.question:  # a question that goes on, with "the friend of Bo" found out
        return question_of(desk, turn)
    waiting = turn.state.pending
    done = _replied(desk, turn, waiting) if waiting is not None else None
    return done if done is not None else _wished(desk, turn, turn.text)


def _declined(turn: Turn, said: str) -> Turn:
    return turn.but(next="end", kind="declined", said=said)


def _replied(desk: Desk, turn: Turn, waiting: Pending) -> Turn | None:
    """What follows from a reply; None if it is none, and something new begins."""
    said = agreed(turn.text)
    if waiting.wish == "photo":
        if said is False:
            return _declined(turn, "Fine, I have changed nothing.")
        return (
            turn.but(next="learn", pending=waiting) if turn.images and introduced(turn.text) is None else None
        )
    if waiting.wish in {"choice", "version"}:
        return _decided(desk, turn, waiting)
    if said is None:
        rest = behind_yes(turn.text)
        return _more(desk, turn, waiting, rest) if rest else None
    if not said:
        # "No, she likes apples": what is told behind the no is heard.
        known = desk.known(turn)
        told = introduced(turn.text) is not None or bool(_told(desk, turn, known, turn.text))
        return None if told else _declined(turn, "Fine, I have changed nothing.")
    return _confirmed(turn, waiting)


def _confirmed(turn: Turn, waiting: Pending) -> Turn:
    step = {"learn": "learn", "add": "learn", "correct": "correct", "forget": "forget"}[waiting.wish]
    return turn.but(next=step, pending=waiting)


def _more(desk: Desk, turn: Turn, waiting: Pending, rest: str) -> Turn | None:
    """What follows from "yes, and ..."; None if something new begins."""
    known = desk.known(turn)
    if waiting.wish == "forget":
        who = forgetting.to_forget(rest)
        if who is not None and who.casefold() == waiting.name.casefold():
            return _confirmed(turn, waiting)
    if waiting.wish in {"learn", "add"} and not asks(rest):
        told = learning.amended(desk, turn, waiting, rest)
        if told is not None:
            return told
    if asks(rest) or named(rest, known) or introduced(rest) or forgetting.to_forget(rest):
        return None
    if _told(desk, turn, known, rest):
        return None
    before = turn.state.turns[-1].said if turn.state.turns else ""
    said = f"Please say yes or no, and nothing else. {before}".strip()
    return turn.but(next="end", kind="confirm", said=said, choices=("yes", "no"), pending=waiting)


def _decided(desk: Desk, turn: Turn, waiting: Pending) -> Turn | None:
    known = desk.known(turn)
    words = placed_reply(turn.text) if turn.state.picture is not None else ""
    if words and waiting.end > waiting.start and waiting.wish == "choice":
        return _wished(desk, turn, put(waiting.question, waiting.start, waiting.end, words))
    place = chosen(turn.text, waiting.choices, known)
    if place is None and waiting.wish == "choice":
        turn, known = looked_at(desk, turn, waiting.choices)
        place = chosen(turn.text, waiting.choices, known)
    if place is None:
        fit = fitting(turn.text, waiting.choices, known)
        if not 1 < len(fit) < len(waiting.choices):
            return None
        left = tuple(waiting.choices[at] for at in fit)
        return turn.but(next="ask_back", pending=waiting.model_copy(update={"choices": left}))
    if waiting.wish == "version":
        return _version(desk, turn, waiting, place)
    turn = turn.but(pictures=waiting.photos)
    if waiting.seen:
        return _pointed_out(desk, turn, waiting, place)
    if place >= 0:
        question = put(waiting.question, waiting.start, waiting.end, waiting.choices[place])
        return _wished(desk, turn, question)
    if len(waiting.choices) > 1:
        return _declined(turn, "Then I do not know who is meant.")
    word = waiting.question[waiting.start : waiting.end]
    return turn.but(next="retrieve", question=waiting.question, strangers=(word,))


def _pointed_out(desk: Desk, turn: Turn, waiting: Pending, place: int) -> Turn:
    """The user has said who of some look-alikes it is in the picture."""
    if place < 0:
        return question_of(desk, turn.but(question=waiting.question, excluded=waiting.choices))
    name = waiting.choices[place]
    if waiting.end > waiting.start:
        question = put(waiting.question, waiting.start, waiting.end, name)
        return question_of(desk, turn.but(question=question, settled=placed(question) is None))
    if _WHO.match(waiting.question):
        return turn.but(next="end", question=waiting.question, said=f"Then it is {name}.", subjects=(name,))
    others = tuple(one for one in waiting.choices if one != name)
    # With the name in front, retrieval finds it, whatever the picture looks like.
    question = f"{name}: {waiting.question}"
    return turn.but(next="retrieve", question=question, subjects=(name,), excluded=others)


def _version(desk: Desk, turn: Turn, waiting: Pending, place: int) -> Turn:
    if place < 0:
        return _declined(turn, "Fine, I have changed nothing.")
    known = desk.known(turn)
    told = statements(waiting.choices[place], known, strong=True)
    if not told:
        return _declined(turn, f"I do not know {waiting.name} any more.")
    old = [fact for one in told for fact in replaced(one, known.facts(one.name)) if fact != one.sentence]
    new = tuple(one.sentence for one in told if one.sentence not in known.facts(one.name))
    if not old and not new:
        return turn.but(next="end", said=f"I know: {told[0].sentence}", subjects=(waiting.name,))
    pending = Pending(wish="correct", name=waiting.name, old=tuple(old), new=new)
    return turn.but(next="correct", pending=pending)


def _wished(desk: Desk, turn: Turn, text: str) -> Turn:
    if _NEVER_MIND.match(text):
        return _declined(turn, "Fine.")
    if _THANKS.fullmatch(text):
        return turn.but(next="end", said="You are welcome.")
    if _HELLO.fullmatch(text) and not turn.images:
        return turn.but(next="end", said="Hello. Ask me about whom I know, or show me somebody new.")
    if agreed(text) is not None and set(re.findall(r"[\w']+", text.casefold())) <= YES | NO | {
        "thanks",
        "thank",
        "you",
    }:
        return _declined(turn, "I have not asked anything.")
    known = desk.known(turn)
    who = forgetting.to_forget(text)
    if who is not None:
        found = resolve(who, known, desk.discussed(turn, known))
        if isinstance(found, Unclear):
            return unclear(turn, found, text, text.find(who))
        if found.subjects or found.strangers:
            return forgetting.propose(turn, found.subjects, found.strangers)
    somebody = introduced(text)
    if somebody is not None and not _noted(turn, known, text):
        there = [place for place in named(somebody.name, known) if not place.doubtful]
        shown = bool(turn.images) or turn.state.picture is not None
        if shown or not there:
            return learning.propose(desk, turn, somebody)
        if not somebody.about:
            return turn.but(next="end", said=f"I know {there[0].names[0]}.", subjects=there[0].names[:1])
    told = _told(desk, turn, known, text)
    if isinstance(told, Turn):
        return told
    if told:
        return tell_of(desk, turn, told)
    return question_of(desk, turn.but(question=text))


def _told(desk: Desk, turn: Turn, known: Known, text: str) -> list[Statement] | Turn:
    """The statements of a text; or what has to be asked back first."""
    rest, strong = corrects(text)
    if not rest or rest.endswith("?"):
        return []
    short = _short(turn, known, rest) if strong else ""
    found = resolve(short or rest, known, desk.discussed(turn, known))
    if isinstance(found, Unclear):
        trial = put(found.question, found.start, found.end, found.candidates[0])
        if statements(trial, known, strong=strong):
            return unclear(turn, found, f"{'No, ' if strong else ''}{found.question}", 4 if strong else 0)
        return []
    return statements(found.question, known, strong=strong)


def _short(turn: Turn, known: Known, rest: str) -> str:
    """ "No, apples." as a sentence about whom the last turn was about, and in what."""
    last = turn.state.turns[-1] if turn.state.turns else None
    names = known.named(last.about) if last is not None else ()
    plain = rest.strip(" .!")
    if last is None or len(names) != 1 or len(plain.split()) > 3 or named(plain, known):
        return ""
    if not re.fullmatch(r"(?:(?:in|on|to|the|an?) )*[\w-]+(?: [\w-]+)?", plain):
        return ""
    key = asked_property(last.question)
    value = re.sub(r"^(?:(?:in|on|to) )", "", plain)
    if key is None or not key.sentence:
        return ""
    the = "the " if key.key == "place" and not value.startswith("the ") else ""
    return key.sentence.format(n=names[0], v=f"{the}{value}")


def _noted(turn: Turn, known: Known, text: str) -> bool:
    """ "Remember that Bo likes rice" tells of Bo: it introduces nobody, and means no earlier picture."""
    rest, _ = corrects(text)
    return not turn.images and rest != text.strip() and bool(statements(rest, known, strong=False))
