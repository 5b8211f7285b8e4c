"""One tab of one owner: what can be done on the page, without any page."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterator
from typing import Final

from PIL import Image

from jarvis_memory import Answer, Concept, PersonalMemory
from jarvis_retrievers.errors import InputError, UnknownConceptError

from .comparison import Comparison, compare
from .limits import Limits
from .line import Line, Waiting
from .reply import Reply, Share
from .talk import Talk
from .taught import Taught, taught
from .tray import Picture, Tray

__all__ = ["Desk"]

_SILENT: Final = "write something, or choose a question"


class Desk:
    """One tab of one owner. Its methods block; call them in threads.

    Args:
        memory: the owner's.
        line: in which the work of the model waits for its turn.
        limits: how much may be brought.
        pace: counts one question; seconds to wait if it is one too many, else 0.
    """

    def __init__(
        self,
        memory: PersonalMemory,
        line: Line,
        limits: Limits,
        pace: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.id = secrets.token_urlsafe(18)
        self.limits = limits
        self.asking = Tray(limits.pictures, limits.file_bytes)
        self.teaching = Tray(limits.photos, limits.file_bytes)
        self._memory, self._line, self._talk, self._pace = memory, line, Talk(memory, limits), pace

    @property
    def owner(self) -> str:
        """Whose desk it is."""
        return self._memory.owner

    def concepts(self) -> list[Concept]:
        """All concepts, oldest first."""
        return self._memory.list()

    def photo(self, photo_id: str) -> Image.Image:
        """A stored photo of this owner; UnknownConceptError if there is no such."""
        return self._memory.photo(photo_id)

    def say(self, text: str) -> tuple[tuple[Picture, ...], Iterator[Waiting | str | Reply]]:
        """Say something with the pictures of the tray.

        Returns:
            The pictures; and what comes back: pieces as the model says them, at last the reply. Closing it
            stops the work and gives the turn to the next.

        Raises:
            InputError: nothing was said or shown, or too much, or too soon; the pictures stay in the tray.
        """
        words = self.check_words(text)
        self._check_pace()
        pictures = self._talk.show(self.asking.pictures)
        for picture in pictures:
            self.asking.drop(picture.id)
        return pictures, self._said(words, pictures)

    def _said(self, text: str, pictures: tuple[Picture, ...]) -> Iterator[Waiting | str | Reply]:
        ticket = self._line.join()
        try:
            yield from self._line.waiting(ticket)
            yield from self._talk.say(text, pictures)
        finally:
            self._line.leave(ticket)

    def check_words(self, text: str) -> str:
        """What was said, without blanks around it.

        Raises:
            InputError: it is blank and there is no picture, or it is too long.
        """
        words = text.strip()
        if not words and not self.asking.pictures:
            raise InputError(_SILENT)
        if len(words) > self.limits.words:
            raise InputError(
                f"{len(words):,} characters are too many, {self.limits.words:,} are the most; write less"
            )
        return words

    def compare(self, reply: Reply) -> Comparison | None:
        """Measure a reply's time to the first token against a full prefill; see `compare`."""
        images = [picture.data for picture in reply.pictures]

        def ask(share: Share, mode: str) -> Answer:
            shown = images if share.shown else []
            only = share.answer.concepts
            return self._memory.ask(share.question, shown, mode=mode, max_new_tokens=1, only=only)

        return self._line.alone(lambda: compare(reply, ask))

    def teach(self, name: str, notes: str = "") -> Taught:
        """Remember the photos of the tray under a name; they stay in the tray if that fails.

        Raises:
            InputError: a name, notes or photos that cannot be used, or too soon.
            DuplicateConceptError: there is such a concept.
        """
        self._check_notes(notes)
        self._check_pace()
        photos = [picture.data for picture in self.teaching.pictures]
        made = self._line.alone(
            lambda: taught(lambda: self._memory.remember(name.strip(), photos, notes.strip() or ()))
        )
        self.teaching.take()
        return made

    def add(self, name: str, notes: str = "") -> Taught:
        """Add the photos of the tray, and notes, to a concept; errors as for `teach`."""
        self._check_notes(notes)
        self._check_pace()
        photos = [picture.data for picture in self.teaching.pictures]
        made = self._line.alone(
            lambda: taught(lambda: self._memory.update(name, photos=photos, about=notes.strip() or ()))
        )
        self.teaching.take()
        return made

    def forget(self, name: str) -> Concept:
        """Forget a concept; UnknownConceptError if there is none of this name."""
        return self._line.alone(lambda: self._memory.forget(name))

    def picture(self, key: str) -> Picture:
        """A picture in a tray or of an earlier message.

        Raises:
            UnknownConceptError: there is no such picture at this desk.
        """
        held = (*self.asking.pictures, *self.teaching.pictures, *self._talk.pictures)
        found = next((picture for picture in held if picture.id == key), None)
        if found is None:
            raise UnknownConceptError(f"no picture has the id {key!r} here; it may have been taken away")
        return found

    def _check_pace(self) -> None:
        if wait := self._pace():
            raise InputError(f"this is too fast; try again in {math.ceil(wait)} s")

    def _check_notes(self, notes: str) -> None:
        if len(notes) > self.limits.words:
            raise InputError(
                f"notes of {len(notes):,} characters are too long, {self.limits.words:,} are the most"
            )
