"""The step that finds whose segments may come into the context."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from jarvis_retrievers.retrieval import Sighting

from .desk import Desk
from .known import Known, listed
from .naming import among
from .pointing import Pointed, placed
from .questions import MARK, measured, run_of
from .state import Pending
from .ties import asks_for_tie
from .turn import Turn

__all__ = ["present", "retrieve"]

# From here on two regions of a picture show the same.
_SAME = 0.5
# So many of those who are left out are named.
_MOST_NAMED = 8
_SIDE = re.compile(r"\b(?:on|at|to) the (left|right)\b|\bin the (middle|cent(?:er|re))\b", re.IGNORECASE)


def retrieve(desk: Desk, turn: Turn) -> Turn:
    """Find who is meant, where names alone do not say it; nobody else will be in the context."""
    known = desk.known(turn)
    if turn.pictures:
        return _seen(desk, turn, known)
    subjects = turn.subjects
    if turn.everybody and not known.names:
        said = "I know nobody yet. Show me a photo, and say who it is."
        return turn.but(next="end", kind="declined", said=said)
    if len(subjects) == 1 and not turn.group and measured(turn.question.rstrip("?!. "), subjects):
        turn = turn.but(everybody=True, strangers=())  # "Who is older than Bo?" is about all of them
    if turn.everybody:
        subjects = tuple(name for name in known.names if name not in turn.excluded)
    elif not subjects and not turn.strangers:
        found = [f for f in desk.memory.why(turn.question).found if f.concept.name not in turn.excluded]
        if len(found) > 1:
            names = tuple(f.concept.name for f in found)
            pending = Pending(wish="choice", question=turn.question, end=len(turn.question), choices=names)
            return turn.but(next="ask_back", pending=pending)
        subjects = tuple(f.concept.name for f in found)
        if not subjects and not desk.putting.alone(turn.question):
            return turn.but(next="end", kind="declined", said="I do not know whom or what you mean.")
    turn = _bounded(desk, turn, among(turn.question, subjects, turn.strangers))
    there = tuple(name for name in turn.subjects if name in known.concepts)
    allowed = (*there, *_tied(desk, turn, known, there))
    return turn if turn.next == "end" else turn.but(next="plan", allowed=tuple(dict.fromkeys(allowed)))


def _bounded(desk: Desk, turn: Turn, names: tuple[str, ...]) -> Turn:
    """A turn about no more than can be asked one by one: of a group those whom it is most likely about.

    Who is left out goes from the question, too, and a notice says so; a question that needs both of two, and
    not some of a group, is declined.
    """
    most = desk.settings.most_mapped
    if len(names) <= most:
        return turn.but(subjects=names)
    marked = run_of(turn.question, names)
    if not turn.everybody and marked.count(MARK) != 1:
        said = f"That is about {len(names)} at once, and I can ask of {most} only; ask of fewer."
        return turn.but(next="end", kind="declined", said=said, subjects=())
    likely = [one.name for one in desk.memory.recall(turn.question, k=most) if one.name in names]
    # Where retrieval finds fewer, the oldest fill up.
    some = set([*dict.fromkeys([*likely, *names])][:most])
    left = [name for name in names if name not in some]
    out = listed(left) if len(left) <= _MOST_NAMED else f"{listed(left[:_MOST_NAMED])} and others"
    notice = f"asked of {most} of {len(names)} concepts only, not of {out}; raise most_mapped to ask of all"
    subjects = tuple(name for name in names if name in some)
    question = turn.question if turn.everybody else marked.replace(MARK, listed(subjects))
    return turn.but(question=question, subjects=subjects, notices=(*turn.notices, notice))


def present(desk: Desk, turn: Turn, known: Known, pointed: Pointed) -> tuple[str, ...]:
    """Those whom "this dog" may mean: of those who are seen in the pictures, or look like one who is."""
    images = [picture.image for picture in turn.pictures]
    sightings = desk.memory.why("", images).sightings
    near = _near(sightings, turn.excluded)
    alike = _alike(near, "", [image.width for image in images], desk.settings.alike)
    seen = dict.fromkeys((*(name for name, one in near if one.verdict == "seen"), *alike))
    fit = tuple(name for name in seen if pointed.noun == "one" or pointed.noun in known.kinds(name))
    described = tuple(name for name in fit if {*pointed.described} <= known.words(name) | known.kinds(name))
    return described or fit


def _near(sightings: Sequence[tuple[str, Sighting]], excluded: Sequence[str]) -> list[tuple[str, Sighting]]:
    return [(name, one) for name, one in sightings if one.score >= one.threshold and name not in excluded]


def _seen(desk: Desk, turn: Turn, known: Known) -> Turn:
    turn = _bounded(desk, turn, among(turn.question, turn.subjects, turn.strangers))
    if turn.next == "end":
        return turn
    images = [picture.image for picture in turn.pictures]
    why = desk.memory.why(turn.question, images)
    near = _near(why.sightings, turn.excluded)
    widths = [image.width for image in images]
    pointed = placed(turn.question)
    side = pointed.where if pointed is not None else turn.question
    asked = pointed is not None or not turn.subjects
    alike = _alike(near, _asked_side(side), widths, desk.settings.alike) if asked else ()
    if alike:
        start, end = (pointed.start, pointed.end) if pointed is not None else (0, 0)
        pending = Pending(
            wish="choice", question=turn.question, start=start, end=end, choices=alike,
            photos=turn.pictures, seen=True,
        )  # fmt: skip
        return turn.but(next="ask_back", pending=pending)
    if pointed is not None:
        # Who is only named is not there for that.
        return turn.but(next="plan", allowed=tuple(name for name, one in near if one.verdict == "seen"))
    names = [one.concept.name for one in why.found if one.via is None]
    there = [name for name in turn.subjects if name in known.concepts]
    allowed = tuple(name for name in dict.fromkeys((*there, *names)) if name not in turn.excluded)
    return turn.but(next="plan", allowed=allowed)


def _alike(
    near: Sequence[tuple[str, Sighting]], side: str, widths: Sequence[int], ratio: float
) -> tuple[str, ...]:
    """Names of several that the same region, on the side that is asked about, may show as well.

    Args:
        near: by falling score, all that reach their own threshold.
        side: "left", "middle", "right", or "" for anywhere.
        widths: of the pictures, in pixels.
        ratio: of the distances of unit vectors; see `Settings.alike`.
    """
    for place, (name, one) in enumerate(near):
        image, box = one.region
        middle = (box.left + box.right) / 2 / widths[image]
        if one.verdict != "seen" or (side == "left" and middle > 0.5) or (side == "right" and middle < 0.5):
            continue
        if side == "middle" and not 0.25 < middle < 0.75:
            continue
        others = [
            other
            for other, two in near[place + 1 :]
            if two.region[0] == image
            and two.region[1].iou(box) >= _SAME
            and math.sqrt(max(0.0, 1 - one.score)) > ratio * math.sqrt(max(0.0, 1 - two.score))
        ]
        if others:
            return (name, *others)
    return ()


def _asked_side(question: str) -> str:
    match = _SIDE.search(question)
    return "" if match is None else (match[1] or "middle").lower()


def _tied(desk: Desk, turn: Turn, known: Known, subjects: tuple[str, ...]) -> tuple[str, ...]:
    """Others to whom the notes of the subjects lead, where the question asks for such a tie.

    A note that merely names somebody ("tell me what Mimi likes") leads nowhere.
    """
    if not subjects or not asks_for_tie(turn.question):
        return ()
    return tuple(
        one.concept.name
        for one in desk.memory.why(turn.question).found
        if one.via in subjects
        and any(
            asks_for_tie(fact) and one.concept.name.casefold() in fact.casefold()
            for fact in known.facts(one.via or "")
        )
    )
