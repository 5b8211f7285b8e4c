"""Between a question and the model: find the concepts, load their segments, compose the context."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.images import load_image

from .answer import Evidence
from .engine import Engine
from .finder import Find
from .intake import Photo
from .kv import Context, Mode

__all__ = ["Recall", "evidence", "recall"]


@dataclass(frozen=True, slots=True)
class Recall:
    """A question made ready: who it is about, their context, and how long each stage took.

    Attributes:
        images: the pictures of the question, read.
        found: the concepts it is about, most likely first.
        context: theirs; None if none was found.
        reused: rows of the context that came from the store or the prefix.
        notices: what the user should know, one line each.
        seconds: to retrieve, to load and to compose.
    """

    images: tuple[Image.Image, ...]
    found: tuple[Find, ...]
    context: Context | None
    reused: int
    notices: tuple[str, ...]
    seconds: tuple[float, float, float]


def recall(engine: Engine, question: str, images: Sequence[Photo], mode: Mode) -> Recall:
    """Find the concepts of a question and make their context.

    Raises:
        InputError: a blank question. ImageError: a picture that cannot be used.
        ContextError: the context is too long for the model.
        CorruptRecordError: a photo that has to be read again is damaged.
    """
    if not question.strip():
        raise InputError(f"a question is blank, got {question!r}; ask something")
    loaded = tuple(load_image(image) for image in images)
    vlm, finder = engine.vlm, engine.finder  # loaded before the clock starts
    start = time.perf_counter()
    found = tuple(finder.find(question, loaded))
    retrieved = time.perf_counter()
    context: Context | None = None
    reused = 0
    notices: tuple[str, ...] = ()
    composing = retrieved
    if found and mode is Mode.EXACT:
        sources = [engine.keeper.source(find.concept) for find in found]
        composing = time.perf_counter()
        context = vlm.context(sources, mode)
    elif found:
        kept = [engine.keeper.get(find.concept) for find in found]
        composing = time.perf_counter()
        context = vlm.context([one.segment for one in kept], mode)
        reused = context.reused - sum(one.segment.tokens for one in kept if not one.stored)
        notices = tuple(one.notice for one in kept if one.notice)
    done = time.perf_counter()
    seconds = (retrieved - start, composing - retrieved, done - composing)
    return Recall(loaded, found, context, reused, notices, seconds)


def evidence(found: Sequence[Find]) -> tuple[Evidence, ...]:
    """Of each concept the patch that a picture matched first, then the others by their own score."""
    out = []
    for find in found:
        hit = find.hit
        patches = sorted(find.concept.patches, key=lambda p: p.id != hit.vector_id)
        for patch in patches:
            matched = hit.region is not None and patch.id == hit.vector_id and hit.image is not None
            image, region = hit.region if matched and hit.region else (None, None)
            score = hit.image if matched and hit.image is not None else patch.score
            out.append(Evidence(find.concept.name, patch.photo_id, patch.box, score, image, region))
    return tuple(out)
