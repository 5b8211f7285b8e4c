"""Between a question and the model: find the concepts, load their segments, compose the context."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from PIL import Image

from jarvis_retrievers.errors import InputError, UnknownConceptError
from jarvis_retrievers.images import load_image
from jarvis_retrievers.log import log

from .answer import Answer, Evidence, Recollection, Timings, Usage
from .chat.reply import Reply
from .checks import check_photos
from .concept import Concept
from .engine import Engine
from .finder import Find
from .fitting import Fitted, fit
from .intake import Photo
from .keeper import Kept
from .kv import Context, Mode
from .operation import under_way
from .vlm import Generation, Query
from .watching import Answered, tell

__all__ = ["Recall", "answered", "evidence", "fitting", "recall", "recalled", "replied", "still_there"]

T = TypeVar("T")
# How often a question is made ready again while concepts come and go.
_TRIES = 8


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
        missed: segments that had to be encoded first.
    """

    images: tuple[Image.Image, ...]
    found: tuple[Find, ...]
    context: Context | None
    reused: int
    notices: tuple[str, ...]
    seconds: tuple[float, float, float]
    missed: int = 0


def recall(
    engine: Engine,
    asked: Query,
    images: Sequence[Photo],
    mode: Mode,
    only: Collection[str] | None = None,
    told: Sequence[Find] | None = None,
) -> Recall:
    """Find the concepts of a question and make their context; its images are read here.

    What does not fit the window is left out, the weakest patches first, then the last concepts, and the
    notices say so. Of those who are found only those whose name is in ``only`` count, if it is given; nobody
    is looked for if ``told`` says who is meant.

    Raises:
        InputError: a blank question. ImageError: a picture that cannot be used.
        ContextError: the context is too long for the model.
        CorruptRecordError: a photo that has to be read again is damaged.
    """
    if not asked.question.strip():
        raise InputError(f"a question is blank, got {asked.question!r}; ask something")
    check_photos(images)
    return still_there(lambda: _recall(engine, asked, images, mode, only, told), told is None)


def still_there(ready: Callable[[], T], looked_for: bool = True) -> T:
    """Do it again if a concept was updated or forgotten between being found and being read.

    Nobody whom a caller has named is left out so: then the UnknownConceptError is told.
    """
    for number in range(1, _TRIES if looked_for else 1):
        try:
            return ready()
        except UnknownConceptError:
            log("question.retried", tries=number)
    return ready()


def _recall(
    engine: Engine,
    asked: Query,
    images: Sequence[Photo],
    mode: Mode,
    only: Collection[str] | None,
    told: Sequence[Find] | None,
) -> Recall:
    loaded = tuple(load_image(image) for image in images)
    vlm, finder = engine.vlm, engine.finder  # loaded before the clock starts
    start = time.perf_counter()
    found = tuple(finder.find(asked.question, loaded, asked.history) if told is None else told)
    if only is not None:
        found = tuple(find for find in found if find.concept.name in only)
    retrieved = time.perf_counter()
    context: Context | None = None
    reused = missed = 0
    notices: tuple[str, ...] = ()
    composing = retrieved
    if found:
        room = vlm.room(replace(asked, images=loaded))
        fitted, kept, left = fitting(engine, [find.concept for find in found], room)
        how, settled = engine.settle(mode, len(fitted.segments))
        composing = time.perf_counter()
        context = engine.context(fitted.segments, how) if fitted.segments else None
        fresh = sum(s.tokens for s, one in zip(fitted.segments, kept, strict=False) if not one.stored)
        reused = max(0, context.reused - fresh) if context else 0
        missed = sum(not one.stored for one in kept)
        notices = (*settled, *left)
        found = found[: len(fitted.segments)]
        engine.tiers.lift([one.key for one in kept])
    done = time.perf_counter()
    seconds = (retrieved - start, composing - retrieved, done - composing)
    return Recall(loaded, found, context, reused, notices, seconds, missed)


def fitting(
    engine: Engine, concepts: Sequence[Concept], room: int
) -> tuple[Fitted, list[Kept], tuple[str, ...]]:
    """The segments of concepts as far as there is room, all that were loaded, and notices."""
    kept = [engine.keeper.get(concept) for concept in concepts]
    scores = [engine.keeper.scores(concept) for concept in concepts]
    fitted = fit([one.segment for one in kept], scores, room)
    return fitted, kept, (*_left_out(concepts, fitted), *(one.notice for one in kept if one.notice))


def _left_out(concepts: Sequence[Concept], fitted: Fitted) -> tuple[str, ...]:
    lines = []
    if fitted.cut:
        lines.append(f"{fitted.cut} patches did not fit the model's window and were left out")
    if fitted.dropped:
        names = ", ".join(repr(concept.name) for concept in concepts[len(fitted.segments) :])
        lines.append(f"{names} did not fit the model's window and were left out")
    if lines:
        log("question.cut", patches=fitted.cut, left_out=fitted.dropped)
    return tuple(lines)


def answered(ready: Recall, said: Generation) -> Answer:
    """The answer to a question that was made ready, from what the model said."""
    retrieve, load, compose = ready.seconds
    timings = Timings(retrieve, load, compose, said.ttft_seconds, said.seconds - said.ttft_seconds)
    computed = said.prompt_tokens + (said.reused_tokens - ready.reused if ready.context else 0)
    used = ready.context.mode.value if ready.context else "none"
    usage = Usage(ready.reused, computed, said.generated_tokens, used, ready.missed)
    names = tuple(find.concept.name for find in ready.found)
    tell(Answered(len(names), usage, timings))
    return Answer(said.text, names, evidence(ready.found), usage, timings, ready.notices)


def replied(pieces: Iterator[str | Reply], mode: str) -> Iterator[str | Reply]:
    """The pieces of a reply in a conversation, told of when it is whole; closing it closes them."""
    try:
        for piece in pieces:
            run = under_way()
            if isinstance(piece, Reply) and run is not None:
                first = max(0.0, piece.ttft_seconds - run.compose)
                rest = piece.seconds - piece.ttft_seconds
                timings = Timings(run.retrieve, run.load, run.compose, first, rest)
                computed = piece.prompt_tokens - piece.reused_tokens
                usage = Usage(piece.reused_tokens, computed, piece.generated_tokens, mode)
                tell(Answered(len(piece.concepts), usage, timings))
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def evidence(found: Sequence[Find], times: Sequence[float | None] = ()) -> tuple[Evidence, ...]:
    """Of each concept the patch that a picture matched first, then those in the context by their own score.

    ``times`` of the pictures, in seconds, where these are frames of a video.
    """
    out = []
    for find in found:
        hit = find.hit
        matching = [patch for patch in find.concept.patches if patch.id == hit.vector_id]
        patches = [*matching, *(p for p in find.concept.now.patches if p.id != hit.vector_id)]
        for patch in patches:
            matched = hit.region is not None and patch.id == hit.vector_id and hit.image is not None
            image, region = hit.region if matched and hit.region else (None, None)
            score = hit.image if matched and hit.image is not None else patch.score
            seconds = times[image] if times and image is not None else None
            out.append(Evidence(find.concept.name, patch.photo_id, patch.box, score, image, region, seconds))
    return tuple(out)


def recalled(found: Sequence[Find], times: Sequence[float | None] = ()) -> list[Recollection]:
    """What was found, as a user is told it; ``times`` of the pictures that are frames of a video."""
    return [
        Recollection(
            f.concept,
            f.hit.score,
            f.hit.name,
            f.words,
            f.hit.text,
            f.hit.image,
            f.hit.region,
            f.via,
            times[f.hit.region[0]] if times and f.hit.region else None,
        )
        for f in found
    ]
