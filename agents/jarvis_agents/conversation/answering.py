"""Puts the questions of a plan to the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jarvis_memory.answer import Answer

from .part import Part
from .picture import Picture
from .plan import Sub
from .settings import Settings

if TYPE_CHECKING:
    from jarvis_memory import PersonalMemory

__all__ = ["ask", "tell"]


def ask(
    memory: PersonalMemory,
    subs: Sequence[Sub],
    pictures: Sequence[Picture],
    settings: Settings,
    mode: str | None = None,
    *,
    look: bool = False,
) -> tuple[Part, ...]:
    """The answers to questions; several are computed together, each from its own context."""
    if not subs:
        return ()
    from jarvis_memory import Ask, ask_together

    images, there = [picture.image for picture in pictures], _there(memory)
    asks = [Ask(memory, sub.question, images if sub.shown else (), (), _known(sub, there)) for sub in subs]
    tokens = max(sub.tokens for sub in subs)
    if len(asks) == 1:
        (one,) = asks
        answers = [memory.ask(one.question, one.images, mode=mode, max_new_tokens=tokens, only=one.only)]
    else:
        answers = ask_together(asks, mode=mode, max_new_tokens=tokens, batch_size=settings.batch_size)
    return tuple(part(sub, answer, look=look) for sub, answer in zip(subs, answers, strict=True))


def tell(
    memory: PersonalMemory, sub: Sub, pictures: Sequence[Picture], mode: str | None = None
) -> Iterator[str | Part]:
    """One answer piece by piece, and at last the whole."""
    images = [picture.image for picture in pictures] if sub.shown else []
    names = _known(sub, _there(memory))
    for piece in memory.tell(sub.question, images, mode=mode, max_new_tokens=sub.tokens, only=names):
        yield part(sub, piece) if isinstance(piece, Answer) else piece


def part(sub: Sub, answer: Answer, *, look: bool = False) -> Part:
    """A question with its answer."""
    return Part(question=sub.question, concepts=answer.concepts, answer=answer, look=look)


def _there(memory: PersonalMemory) -> frozenset[str]:
    return frozenset(concept.name for concept in memory.list())


def _known(sub: Sub, there: frozenset[str]) -> tuple[str, ...] | None:
    """Who may be in a context; a stranger who is asked about is nobody there."""
    return None if sub.names is None else tuple(name for name in sub.names if name in there)
