"""A memory that shows the model something learned of those who are meant, in place of photos and notes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from jarvis_retrievers.errors import ContextError

from ..method import Introduction, Query, Reply
from .models import MOST_TOKENS

if TYPE_CHECKING:
    from jarvis_memory.kv import Inputs
    from jarvis_memory.vlm import VLM
    from jarvis_memory.vlm.generation import Generation

    from .voice import Voice

__all__ = ["joined", "reply_from"]


def joined(old: Introduction | None, later: Introduction) -> Introduction:
    """All that is known of a concept after it was told of again."""
    if old is None:
        return later
    notes = f"{old.notes}\n{later.notes}".strip()
    return Introduction(old.name, old.category or later.category, notes, (*old.photos, *later.photos))


def reply_from(
    node: VLM,
    voice: Voice,
    query: Query,
    find: Callable[[], Sequence[str]],
    load: Callable[[str], tuple[Inputs, int]],
) -> Reply:
    """The answer from rows of those who are found; who is found least likely is left out if there is no room.

    Args:
        node: the model.
        voice: how it is asked.
        query: what is asked.
        find: names of those who are meant, most likely first.
        load: the rows of one, and the bytes that they are made of.
    """
    asked = voice.asked(query)
    _ = node.prefix  # encoded before the clock starts
    began = time.perf_counter()
    found = list(find())
    retrieved = time.perf_counter()
    rows = [load(name) for name in found]
    loaded = time.perf_counter()
    shown, said, composed = _said(node, [one for one, _ in rows], asked, query)
    stages = (
        ("retrieve", retrieved - began),
        ("load", loaded - retrieved),
        ("compose", composed - loaded),
        ("first", said.ttft_seconds),
    )
    return Reply(
        voice.told(query, said.text),
        first_token=sum(seconds for _, seconds in stages),
        loaded=sum(size for _, size in rows[:shown]),
        found=tuple(found[:shown]),
        stages=stages,
    )


def _said(node: VLM, rows: Sequence[Inputs], asked: str, query: Query) -> tuple[int, Generation, float]:
    """How many were shown, what was said, and when the context was there."""
    for shown in range(len(rows), -1, -1):
        try:
            context = node.parts.concepts.exact(node.prefix, rows[:shown]) if shown else None
            composed = time.perf_counter()
            said = node.generate(context, asked, query.images, MOST_TOKENS, history=query.history)
        except ContextError:
            if not shown:
                raise
        else:
            return shown, said, composed
    raise ContextError("a question without any concept is always tried")
