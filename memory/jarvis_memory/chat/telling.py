"""From what was read of an answer to a reply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jarvis_retrievers.errors import ModelError, UnsupportedModelError

from .calls import CallSyntax
from .reading import Reader
from .reply import Finish, Reply

__all__ = ["Told", "checked_syntax", "last_of", "told"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a reply says of the memory that it came from: names of concepts, and notices."""

    concepts: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def told(
    reader: Reader,
    told_of: Told,
    *,
    prompt_tokens: int,
    reused_tokens: int,
    ttft: float = 0.0,
    seconds: float = 0.0,
) -> Iterator[str | Reply]:
    """The end of a stream: text that was held back, if there is some, and the reply."""
    rest, text, calls, bad = reader.end()
    if rest:
        yield rest
    finish: Finish = "tool_calls" if calls or bad else "stop" if reader.done else "length"
    yield Reply(
        text=text,
        calls=calls,
        bad_calls=bad,
        finish=finish,
        prompt_tokens=prompt_tokens,
        reused_tokens=reused_tokens,
        generated_tokens=reader.tokens,
        concepts=told_of.concepts,
        notices=told_of.notices,
        ttft_seconds=ttft,
        seconds=seconds,
    )


def last_of(pieces: Iterator[str | Reply]) -> Reply:
    """The reply at the end of a stream."""
    for piece in pieces:
        if isinstance(piece, Reply):
            return piece
    raise ModelError("a stream ended without a reply; the node that made it breaks its contract")


def checked_syntax(syntax: CallSyntax | None, name: str) -> CallSyntax:
    """How a model writes calls.

    Raises:
        UnsupportedModelError: it cannot.
    """
    if syntax is None:
        raise UnsupportedModelError(
            f"the chat template of {name!r} knows no tools, or writes calls in another way than JSON; "
            "ask without tools, or use a model with tools"
        )
    return syntax
