"""A query about a video, for methods that look at pictures: frames in its place, the same for all methods.

A method calls `by_frames` and answers queries about pictures alone. Frames are chosen by the rule of
`jarvis_retrievers.frames`. A model that reads several pictures at once gets all of them with one question,
which tells their times; one that was trained on single pictures is asked about each, and its voice puts the
answers together (`jarvis_bench.methods.voice`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from jarvis_retrievers.frames import Frames, sample_frames

from ..method import Query, Reply
from .voice import Voice

__all__ = ["MOST_FRAMES", "by_frames", "told_of_times"]

MOST_FRAMES: Final = 6
"""How many frames of a video a method is shown at most."""


def by_frames(
    query: Query,
    voice: Voice,
    answer: Callable[[Query], Reply],
    answers: Callable[[Sequence[Query]], Sequence[Reply]] | None = None,
) -> Reply:
    """The answer to a query; of one about a video, from its frames.

    Args:
        query: any; without a video it is passed on as it is.
        voice: of the model.
        answer: answers queries without a video, in the form in which the voice tells them.
        answers: the same for several at once, where that is faster than one after the other.

    Raises:
        VideoError: a video that cannot be used. ExtraError: PyAV is not installed.
    """
    if query.video is None:
        return answer(query)
    began = time.perf_counter()
    frames = sample_frames(query.video, MOST_FRAMES)
    sampled = time.perf_counter()
    if voice.together:
        reply = answer(told_of_times(query, frames))
        stages = (("sample", sampled - began), *reply.stages)
        first = None if reply.first_token is None else sampled - began + reply.first_token
        return replace(reply, first_token=first, stages=stages)
    # Who is meant is looked for with the words about one picture, too.
    one = replace(query, question=voice.asked(query), video=None)
    asked = [replace(one, images=(*query.images, still.image)) for still in frames.stills]
    replies = [answer(frame) for frame in asked] if answers is None else answers(asked)
    moments = [(still.time, reply.text) for still, reply in zip(frames.stills, replies, strict=True)]
    # What is said comes of all frames: its first word is there with the last answer.
    done = time.perf_counter()
    return Reply(
        voice.summed(query, moments),
        first_token=done - began,
        loaded=sum(reply.loaded or 0 for reply in replies),
        found=tuple(dict.fromkeys(name for reply in replies for name in reply.found or ())),
        stages=(("sample", sampled - began), ("frames", done - sampled)),
    )


def told_of_times(query: Query, frames: Frames) -> Query:
    """The query with frames as its last images, their times told behind the question."""
    note = f"(Frames of a video, at {', '.join(f'{at:.1f}' for at in frames.times)} seconds.)"
    return replace(
        query,
        question=f"{query.question} {note}",
        prompt=f"{note}\n{query.prompt}",
        images=(*query.images, *frames.images),
        video=None,
    )
