"""What a conversation remembers between two turns; the memory of concepts is not in it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from .picture import Picture
from .value import Value

__all__ = ["ConversationState", "Exchange", "Pending", "Wish"]

Wish = Literal["choice", "learn", "photo", "add", "correct", "version", "forget"]


class Exchange(Value):
    """One turn that is over.

    Attributes:
        asked: what the user wrote.
        said: what was answered.
        question: what the user wrote, with names in place of pronouns.
        named: ids of all concepts that either of them names, or that the answer was made from.
        about: ids of those whom the turn was about, in the order in which they were named.
        offered: ids of those whom the user was asked to choose from.
    """

    asked: str
    said: str
    question: str = ""
    named: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()


class Pending(Value):
    """What the user was asked, and what will be done with the reply.

    Attributes:
        wish: ``choice``: who is meant by some words of ``question``; ``learn``: a concept to be remembered
            once it is confirmed; ``photo``: the same, still without a photo; ``add``: photos and notes for
            one that is there; ``correct``: ``new`` in place of ``old`` in its facts; ``version``: which of
            ``choices`` is true; ``forget``: the one to be forgotten.
        question: the question that is answered once the choice is made.
        start, end: where in it the unclear words stand.
        choices: names, or sentences, to choose from.
        name: the concept's.
        about: notes.
        category: what it is, if that was said.
        old, new: sentences of its profile.
        photos: pictures to be remembered, or those that the question is about.
        seen: the choice is about who is seen in the picture.
    """

    wish: Wish
    question: str = ""
    start: int = 0
    end: int = 0
    choices: tuple[str, ...] = ()
    name: str = ""
    about: str = ""
    category: str | None = None
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    photos: tuple[Picture, ...] = ()
    seen: bool = False


class ConversationState(Value):
    """A conversation between two turns.

    Attributes:
        turns: the last turns, oldest first. Never put to the model: they only tell who "she" is.
        pending: what the user was asked and has not answered.
        picture: the last picture that was shown.
        shown: ids of those who were found in it.
        looks: of concepts whose category is not known, id and how the model says that they look.
    """

    turns: tuple[Exchange, ...] = ()
    pending: Pending | None = None
    picture: Picture | None = None
    shown: tuple[str, ...] = ()
    looks: tuple[tuple[str, str], ...] = ()

    def without(self, there: Collection[str]) -> ConversationState:
        """The state without all that concerns concepts that are not there any more.

        Args:
            there: ids of the concepts in memory.
        """
        gone = set(self.shown).difference(there)
        return ConversationState(
            turns=tuple(turn for turn in self.turns if set(turn.named) <= set(there)),
            pending=self.pending,
            picture=None if gone else self.picture,
            shown=() if gone else self.shown,
            looks=tuple(look for look in self.looks if look[0] in there),
        )
