"""Questions about videos: frames stand as pictures of the question, in the order of their times.

A model that reads several pictures at once sees all frames behind one question that tells their times. One
that reads fewer (`jarvis_memory.vlm.settings.ImageSettings.question_images`) is asked about them in turn,
and the answer has a line for each time that something else is said.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from PIL import Image

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.frames import Frames, sample_frames
from jarvis_retrievers.images import load_image
from jarvis_retrievers.retrieval import Hit

from .answer import Answer, Evidence, Glimpse, Timings, Usage
from .checks import check_photos
from .engine import Engine
from .finder import Find
from .footage import Video
from .intake import Photo
from .kv import Mode
from .recalling import Recall, answered, evidence, recall
from .vlm import Generation, Query

__all__ = ["VIEWED_FRAMES", "Viewing", "viewed"]

VIEWED_FRAMES = 6
"""How many frames of a video stand for it in a question at most."""


def viewed(
    images: Sequence[Photo], video: Video | None
) -> tuple[list[Image.Image], tuple[float | None, ...]]:
    """Pictures, the frames of a video last, and of each its time; no times without a video.

    Raises:
        ImageError, VideoError: what cannot be used. ExtraError: PyAV is not installed.
    """
    shown = [load_image(image) for image in images]
    if video is None:
        return shown, ()
    frames = sample_frames(video, VIEWED_FRAMES)
    return [*shown, *frames.images], (*(None for _ in shown), *frames.times)


@dataclass(frozen=True, eq=False)
class Viewing:
    """A question about a video, its frames chosen.

    Attributes:
        asked: the question with its images, without frames.
        frames: of the video.
        mode: how contexts are made.
        only: names of those who may come into a context; None lets everybody in.
        told: who is meant, in place of looking for them.
        sampled: seconds that choosing the frames took.
    """

    engine: Engine
    asked: Query
    frames: Frames
    mode: Mode
    only: Collection[str] | None
    told: Sequence[Find] | None
    sampled: float

    @classmethod
    def begin(
        cls,
        engine: Engine,
        asked: Query,
        images: Sequence[Photo],
        video: Video,
        mode: Mode,
        only: Collection[str] | None = None,
        told: Sequence[Find] | None = None,
    ) -> Viewing:
        """Read what was given, and choose the frames; fewer if they would take more than half of the window.

        Raises:
            InputError: a blank question. ImageError, VideoError: what cannot be used.
            ExtraError: PyAV is not installed.
        """
        if not asked.question.strip():
            raise InputError(f"a question is blank, got {asked.question!r}; ask something")
        check_photos(images)
        loaded = tuple(load_image(image) for image in images)
        began = time.perf_counter()
        frames = sample_frames(video, VIEWED_FRAMES)
        sampled = time.perf_counter() - began
        one = cls(engine, replace(asked, images=loaded), frames, mode, only, told, sampled)
        while len(one.frames.stills) > 1 and one._crowded():
            one = replace(one, frames=one.frames.fewer(len(one.frames.stills) - 1))
        return one

    def tell(self) -> Iterator[str | Answer]:
        """The text of the answer, piece by piece, and after the last piece the whole answer.

        Frames that are asked about in turn are answered in one pass of the model, and told at once.
        """
        began = time.perf_counter()
        found, groups = self._found(), self._groups()
        retrieved = self.sampled + time.perf_counter() - began
        ready: list[Recall] = []
        queries: list[Query] = []
        for group in groups:
            query = self._query(group)
            told = _joined([found[place] for place in group])
            ready.append(recall(self.engine, query, query.images, self.mode, self.only, told))
            queries.append(replace(query, context=ready[-1].context))
        vlm = self.engine.vlm
        said: list[Generation] = []
        if len(groups) > 1:
            said = vlm.generate_many(queries)
        else:
            for piece in vlm.tell(queries[0]):
                if isinstance(piece, str):
                    yield piece
                else:
                    said.append(piece)
        answers = [answered(one, text) for one, text in zip(ready, said, strict=True)]
        glimpses = tuple(
            Glimpse(tuple(self.frames.times[place] for place in group), one.text, one.concepts)
            for group, one in zip(groups, answers, strict=True)
        )
        text = answers[0].text if len(groups) == 1 else _lines(glimpses)
        if len(groups) > 1:
            yield text
        yield self._whole(text, answers, glimpses, found, retrieved)

    def _groups(self) -> list[list[int]]:
        """Places of frames that the model sees together."""
        count, size = len(self.frames.stills), self._at_once
        return [list(range(start, min(start + size, count))) for start in range(0, count, size)]

    @property
    def _at_once(self) -> int:
        return max(1, self.engine.vlm.settings.question_images - len(self.asked.images))

    def _query(self, group: Sequence[int]) -> Query:
        stills = [self.frames.stills[place] for place in group]
        images = (*self.asked.images, *(still.image for still in stills))
        if self._at_once == 1:
            return replace(self.asked, images=images)
        note = f"(Frames of a video, at {', '.join(f'{still.time:.1f}' for still in stills)} seconds.)"
        return replace(self.asked, images=images, question=f"{self.asked.question} {note}")

    def _crowded(self) -> bool:
        vlm = self.engine.vlm
        return any(vlm.room(self._query(group)) < vlm.window // 2 for group in self._groups()[:1])

    def _found(self) -> list[list[Find]]:
        """Of each frame who is found, seen in that frame or named; pictures are counted with all frames."""
        if self.told is not None:
            return [list(self.told) for _ in self.frames.stills]
        before, found = len(self.asked.images), []
        for place, still in enumerate(self.frames.stills):
            shown = (*self.asked.images, still.image)
            there = self.engine.finder.find(self.asked.question, shown, self.asked.history)
            found.append([_moved(find, before, before + place) for find in there])
        return found

    def _whole(
        self,
        text: str,
        answers: Sequence[Answer],
        glimpses: tuple[Glimpse, ...],
        found: Sequence[Sequence[Find]],
        retrieved: float,
    ) -> Answer:
        names = tuple(dict.fromkeys(name for answer in answers for name in answer.concepts))
        timings, usages = [answer.timings for answer in answers], [answer.usage for answer in answers]
        modes = [usage.mode for usage in usages if usage.mode != "none"]
        return Answer(
            text,
            names,
            self._evidence(names, found),
            Usage(
                sum(usage.reused for usage in usages),
                sum(usage.computed for usage in usages),
                sum(usage.generated for usage in usages),
                modes[0] if modes else "none",
                sum(usage.missed for usage in usages),
            ),
            # Answers of one pass are there at the same time.
            Timings(
                retrieved + sum(one.retrieve for one in timings),
                sum(one.load for one in timings),
                sum(one.compose for one in timings),
                max(one.first_token for one in timings),
                max(one.generate for one in timings),
            ),
            tuple(dict.fromkeys(notice for answer in answers for notice in answer.notices)),
            glimpses,
        )

    def _evidence(self, names: Sequence[str], found: Sequence[Sequence[Find]]) -> tuple[Evidence, ...]:
        """Of each concept where it was seen, in order of time, then its other patches."""
        times = (*(None for _ in self.asked.images), *self.frames.times)
        out: list[Evidence] = []
        for name in names:
            mine = [find for there in found for find in there if find.concept.name == name]
            seen = [evidence((find,), times)[0] for find in mine if find.hit.region is not None]
            matched = {(one.photo, one.box) for one in seen}
            plain = Find(mine[0].concept, Hit(mine[0].concept.id, mine[0].hit.score), None)
            out += [*seen, *(one for one in evidence((plain,)) if (one.photo, one.box) not in matched)]
        return tuple(out)


def _moved(find: Find, before: int, place: int) -> Find:
    """A find whose picture is counted among all frames."""
    region = find.hit.region
    if region is None or region[0] < before:
        return find
    return replace(find, hit=replace(find.hit, region=(place, region[1])))


def _joined(found: Sequence[Sequence[Find]]) -> list[Find]:
    """Everybody who was found in some frame, each once, by the best score."""
    best: dict[str, Find] = {}
    for find in (find for there in found for find in there):
        old = best.get(find.concept.id)
        if old is None or find.hit.score > old.hit.score:
            best[find.concept.id] = find
    return sorted(best.values(), key=lambda find: -find.hit.score)


def _lines(glimpses: Sequence[Glimpse]) -> str:
    """A line for each thing said, with the times at which it was said one after the other."""
    lines = []
    for text, same in groupby(glimpses, key=lambda glimpse: glimpse.text):
        times = [at for glimpse in same for at in glimpse.seconds]
        when = f"{times[0]:.1f} s" if len(times) == 1 else f"{times[0]:.1f} to {times[-1]:.1f} s"
        lines.append(f"At {when}: {text}")
    return "\n".join(lines)
