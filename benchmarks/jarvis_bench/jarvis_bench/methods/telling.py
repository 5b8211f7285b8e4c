"""What a model is told before a question, as far as there is room, and what it says then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from jarvis_retrievers.errors import ContextError

from ..method import Query, Reply
from .models import MOST_TOKENS

if TYPE_CHECKING:
    from jarvis_memory.kv import Context
    from jarvis_memory.vlm import VLM

    from .models import Models

__all__ = ["Said", "Shown", "answered", "tell"]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One concept as the model is shown it.

    Attributes:
        name: its name.
        text: lines about it.
        pictures: under its name, squares of the model's size.
        nbytes: bytes of memory behind this.
    """

    name: str
    text: str
    pictures: tuple[Image.Image, ...] = ()
    nbytes: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said.

    Attributes:
        text: as it came.
        shown: how many of the concepts there was room for.
        compose: seconds until the context was there.
        first: seconds from then to the first token.
    """

    text: str
    shown: int
    compose: float
    first: float


def tell(
    node: VLM,
    context: Callable[[int], Context],
    most: int,
    asked: str,
    query: Query,
    images: Sequence[Image.Image] | None = None,
) -> Said:
    """Ask with the first ``most`` concepts, or with as many of them as there is room for.

    Args:
        node: the model.
        context: makes the context of so many, at least one.
        most: how many there are, most likely first.
        asked: the question in the model's words.
        query: whose history and pictures go with it.
        images: in place of those of the query.

    Raises:
        ContextError: there is no room for the question alone.
    """
    pictures = query.images if images is None else images
    for shown in range(most, 0, -1):
        began = time.perf_counter()
        try:
            made = context(shown)
            composed = time.perf_counter()
            said = node.generate(made, asked, pictures, MOST_TOKENS, history=query.history)
        except ContextError:
            continue
        return Said(said.text, shown, composed - began, said.ttft_seconds)
    said = node.generate(None, asked, pictures, MOST_TOKENS, history=query.history)
    return Said(said.text, 0, 0.0, said.ttft_seconds)


def answered(
    models: Models,
    query: Query,
    shown: Sequence[Shown],
    before: Sequence[tuple[str, float]],
    *,
    asked: str | None = None,
    images: Sequence[Image.Image] | None = None,
) -> Reply:
    """The answer of the shared model behind concepts, all computed with the question.

    Args:
        models: the model and its voice.
        query: what is asked.
        shown: who is told of, most likely first; those of whom there is nothing to be shown are left out.
        before: seconds by stage until here.
        asked: in place of the voice's words.
        images: in place of the query's pictures.
    """
    from jarvis_memory.kv import Mode
    from jarvis_memory.vlm import SegmentSource

    node, voice = models.vlm, models.voice
    some = [one for one in shown if one.text.strip() or one.pictures]
    sources = [SegmentSource(one.name, one.text, one.pictures) for one in some]
    question = voice.asked(query) if asked is None else asked
    said = tell(node, lambda n: node.context(sources[:n], Mode.EXACT), len(some), question, query, images)
    stages = (*before, ("compose", said.compose), ("first", said.first))
    return Reply(
        voice.told(query, said.text),
        first_token=sum(seconds for _, seconds in stages),
        loaded=sum(one.nbytes for one in some[: said.shown]),
        found=tuple(one.name for one in some[: said.shown]),
        stages=stages,
    )
