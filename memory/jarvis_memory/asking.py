"""Questions to a memory, answered from the segments of the concepts that they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.retrieval import Hit

from .answer import Answer
from .checks import check_photos, check_texts
from .engine import Engine
from .finder import Find
from .footage import Video
from .intake import Photo
from .kv import Mode
from .operation import operation, streamed
from .recalling import Recall, answered, recall
from .store.owner import OwnerStore
from .together import Ask, ask_together
from .viewing import Viewing
from .vlm import VLM, Query
from .vlm.query import Turn

__all__ = ["Asking"]


class Asking:
    """What `PersonalMemory` has for questions."""

    _engine: Engine
    _store: OwnerStore
    mode: Mode

    @operation("ask")
    def ask(
        self,
        question: str,
        images: Sequence[Photo] = (),
        *,
        mode: str | Mode | None = None,
        max_new_tokens: int = 256,
        history: Sequence[Turn] = (),
        only: Sequence[str] | None = None,
        video: Video | None = None,
    ) -> Answer:
        """Answer a question from the segments of the concepts that it is about.

        Args:
            question: plain text; it is data, never control tokens.
            images: pictures that the question is about.
            mode: how the context is made, if other than this memory's own.
            max_new_tokens: the most tokens of the answer.
            history: earlier questions and answers, oldest first; who "she" is, they tell.
            only: names; whoever else is found does not come into the context. None lets everybody in.
            video: a path or bytes; a few frames of it stand behind the images (`jarvis_memory.viewing`).

        Raises:
            InputError: a blank question, or no list where one is wanted. ImageError: a picture or a video
            that cannot be used. UnknownConceptError: a name of ``only`` that nobody has. ContextError: too
            long. ExtraError: videos need the extra ``video``.
        """
        if video is not None:
            return self.view(question, video, images, mode, max_new_tokens, history, only)
        ready = self.ready(question, images, mode, max_new_tokens, history, only)
        generate = partial(self._engine.vlm.generate, history=history)
        said = self._engine.spare(lambda _: generate(ready.context, question, ready.images, max_new_tokens))
        return answered(ready, said)

    def ask_many(
        self,
        questions: Sequence[str],
        images: Sequence[Sequence[Photo]] = (),
        *,
        mode: str | Mode | None = None,
        max_new_tokens: int = 256,
        batch_size: int = 8,
        only: Sequence[Sequence[str] | None] = (),
    ) -> list[Answer]:
        """Answer several questions in one pass of the model; each answer is that of its own `ask`.

        Args:
            questions: plain text.
            images: the pictures of each question, in the same order; empty if none has any.
            mode: as for `ask`.
            max_new_tokens: the most tokens of each answer.
            batch_size: how many are computed together.
            only: as for `ask`, for each question; empty lets everybody in.

        Raises:
            InputError: a blank question, or pictures or names for more or fewer questions than there are.
            ImageError, UnknownConceptError, ContextError: as for `ask`; then nothing is answered.
        """
        check_texts(questions, "questions")
        check_photos(images)
        if images and len(images) != len(questions):
            raise InputError(f"pictures of {len(images)} questions were given for {len(questions)} questions")
        if only and len(only) != len(questions):
            raise InputError(f"names for {len(only)} questions were given for {len(questions)} questions")
        shown, names = images or [()] * len(questions), only or [None] * len(questions)
        asks = [Ask(self, *one) for one in zip(questions, shown, [()] * len(questions), names, strict=True)]
        return ask_together(asks, mode=mode, max_new_tokens=max_new_tokens, batch_size=batch_size)

    def ready(
        self,
        question: str,
        images: Sequence[Photo] = (),
        mode: str | Mode | None = None,
        max_new_tokens: int = 256,
        history: Sequence[Turn] = (),
        only: Sequence[str] | None = None,
        about: Sequence[str] | None = None,
    ) -> Recall:
        """A question made ready for the model, without asking it: concepts found, context made.

        ``about`` names the concepts in place of looking for them; an UnknownConceptError if there is no such.
        """
        how = self.mode if mode is None else Mode(mode)
        query = Query(None, question, (), max_new_tokens, history)
        return recall(self._engine, query, images, how, self._let(only), self._told(about))

    def view(
        self,
        question: str,
        video: Video,
        images: Sequence[Photo] = (),
        mode: str | Mode | None = None,
        max_new_tokens: int = 256,
        history: Sequence[Turn] = (),
        only: Sequence[str] | None = None,
        about: Sequence[str] | None = None,
    ) -> Answer:
        """`ask` about a video; ``about`` as for `ready`."""
        viewing = self._viewing(question, video, images, mode, max_new_tokens, history, only, about)
        return next(piece for piece in viewing.tell() if not isinstance(piece, str))

    def _viewing(
        self,
        question: str,
        video: Video,
        images: Sequence[Photo],
        mode: str | Mode | None,
        max_new_tokens: int,
        history: Sequence[Turn],
        only: Sequence[str] | None,
        about: Sequence[str] | None = None,
    ) -> Viewing:
        how = self.mode if mode is None else Mode(mode)
        asked = Query(None, question, (), max_new_tokens, history)
        return Viewing.begin(self._engine, asked, images, video, how, self._let(only), self._told(about))

    def _told(self, about: Sequence[str] | None) -> list[Find] | None:
        named = None if about is None else [self._store.get(name) for name in _names(about, "about")]
        return None if named is None else [Find(one, Hit(one.id, 1.0), None) for one in named]

    def _let(self, only: Sequence[str] | None) -> list[str] | None:
        """Names as they are stored."""
        return None if only is None else [self._store.get(name).name for name in _names(only, "only")]

    @property
    def node(self) -> VLM:
        """The model; loaded when first needed."""
        return self._engine.vlm

    def stream(
        self,
        question: str,
        images: Sequence[Photo] = (),
        *,
        mode: str | Mode | None = None,
        max_new_tokens: int = 256,
        history: Sequence[Turn] = (),
        only: Sequence[str] | None = None,
        video: Video | None = None,
    ) -> Iterator[str]:
        """The text of `ask`, piece by piece. Input is checked at once; closing it stops the work."""
        more = {"mode": mode, "max_new_tokens": max_new_tokens, "history": history, "only": only}
        return _texts(self.tell(question, images, video=video, **more))  # type: ignore[arg-type]

    @streamed("ask")
    def tell(
        self,
        question: str,
        images: Sequence[Photo] = (),
        *,
        mode: str | Mode | None = None,
        max_new_tokens: int = 256,
        history: Sequence[Turn] = (),
        only: Sequence[str] | None = None,
        video: Video | None = None,
    ) -> Iterator[str | Answer]:
        """`stream`, and after the last piece the whole answer of `ask`."""
        if video is not None:
            return self._viewing(question, video, images, mode, max_new_tokens, history, only).tell()
        ready = self.ready(question, images, mode, max_new_tokens, history, only)
        query = Query(ready.context, question, ready.images, max_new_tokens, history)
        told = self._engine.vlm.tell(query)
        return (piece if isinstance(piece, str) else answered(ready, piece) for piece in told)


def _texts(told: Iterator[str | Answer]) -> Iterator[str]:
    with closing(told):  # type: ignore[type-var]
        yield from (piece for piece in told if isinstance(piece, str))


def _names(names: Sequence[str], word: str) -> Sequence[str]:
    check_texts(names, word)
    return names
