"""`PersonalMemory`: the one place where retrieval, KV segments, the model and the store meet."""

from __future__ import annotations

import asyncio
import builtins
import os
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image

from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.images import load_image

from .answer import Answer, Recollection, Timings, Usage
from .concept import Concept, check_name
from .engine import Engine
from .intake import Intake, Photo, check_absent, check_notes, check_writable
from .kv import Mode
from .profile import fold_notes
from .recalling import evidence, recall
from .store.owner import OwnerStore
from .vlm import VLM

__all__ = ["PersonalMemory"]


class PersonalMemory:
    """Personal memory of one owner. Use `open`.

    Threads may share it. Close it, or use it as a context manager.
    """

    def __init__(self, store: OwnerStore, engine: Engine, mode: Mode = Mode.COMPOSE) -> None:
        self._store, self._engine, self.mode = store, engine, Mode(mode)
        self._writing = threading.RLock()

    @classmethod
    def open(
        cls,
        home: str | os.PathLike[str] = "~/.jarvis",
        *,
        owner: str = "me",
        model: str | VLM = "pocket",
        clip: str | ImageTextEncoder = "pocket",
        device: str | None = None,
        mode: str | Mode = Mode.COMPOSE,
        read_only: bool = False,
    ) -> Self:
        """Open the memory of ``owner`` in ``home``; the folder is made if it is missing.

        Args:
            home: a folder on a local disk; ``~`` is understood.
            owner: whose memory; owners in one home never see each other.
            model: "pocket", a Hugging Face id, a folder, or a loaded `VLM`. Loaded when first needed.
            clip: "pocket", ``"ARCH/PRETRAINED"`` of open_clip, a folder, or an encoder.
            device: "cpu", "cuda"; by default the best there is.
            mode: how contexts are made: ``compose`` or ``exact``.
            read_only: refuse writes.

        Raises:
            SettingError: an owner or a mode that cannot be. HomeFormatError: a newer version wrote the home.
            HomeReadOnlyError: there is no home and none can be made.
            CorruptRecordError: the catalogue is damaged.
        """
        checked = Engine.mode(mode)
        store = OwnerStore.open(home, owner, read_only=read_only)
        return cls(store, Engine(store, model, clip, device), checked)

    @property
    def owner(self) -> str:
        """Whose memory this is."""
        return self._store.owner

    def remember(
        self,
        name: str,
        photos: Sequence[Photo],
        about: str | Sequence[str] = (),
        *,
        category: str | None = None,
        aliases: Sequence[str] = (),
    ) -> Concept:
        """Remember a concept: read its photos once, mine its patches, encode and store its segment.

        Args:
            name: how it is called.
            photos: one or more paths, bytes or images.
            about: notes in plain sentences; they are data, never instructions.
            category: what it is; found in the notes where they say so.
            aliases: other names.

        Raises:
            ConceptNameError, ImageError, InputError: what was given cannot be used; nothing is changed.
            DuplicateConceptError: there is a concept of this name; `update` it, or `forget` it first.
        """
        clean, notes = check_name(name), check_notes(about)
        images = Intake.photos(photos, clean)
        with self._writing:
            check_writable(self._store)
            check_absent(self._store, clean)
            draft = self._engine.intake.draft(clean, aliases, category, notes, images, self._others(None))
            # Before anything is stored: a concept whose segment cannot be made is not half remembered.
            segment = self._engine.keeper.make(draft, images)
            concept = self._store.add_concept(draft)
            self._engine.keeper.keep(concept, segment)
        return concept

    def update(
        self,
        name: str,
        *,
        photos: Sequence[Photo] = (),
        about: str | Sequence[str] = (),
        category: str | None = None,
        aliases: Sequence[str] = (),
    ) -> Concept:
        """Add photos, notes and aliases to a concept, and encode it again.

        Raises:
            UnknownConceptError: there is none of this name. ImageError, InputError: as for `remember`.
        """
        notes = check_notes(about)
        if not (len(photos) or notes or category or aliases):
            raise InputError(f"nothing to update of {name!r}; give photos, about, category or aliases")
        with self._writing:
            check_writable(self._store)
            old = self._store.get(name)
            kept = [self._store.photo(photo.id) for photo in old.photos]
            new = Intake.photos(photos, old.name) if len(photos) else []
            images = Intake.photos([*kept, *new], old.name)
            draft = self._engine.intake.draft(
                old.name,
                (*old.aliases, *aliases),
                category or old.category,
                fold_notes(old.about, notes),
                images,
                self._others(old.id),
            )
            segment = self._engine.keeper.make(draft, images)
            concept = self._store.replace_concept(old.id, draft)
            self._engine.keeper.keep(concept, segment)
        return concept

    def ask(
        self,
        question: str,
        images: Sequence[Photo] = (),
        *,
        mode: str | Mode | None = None,
        max_new_tokens: int = 96,
    ) -> Answer:
        """Answer a question from the segments of the concepts that it is about.

        Args:
            question: plain text; it is data, never control tokens.
            images: pictures that the question is about.
            mode: how the context is made, if other than this memory's own.
            max_new_tokens: the most tokens of the answer.

        Raises:
            InputError: a blank question. ImageError: a picture that cannot be used. ContextError: too long.
        """
        how = self.mode if mode is None else Engine.mode(mode)
        ready = recall(self._engine, question, images, how)
        said = self._engine.vlm.generate(ready.context, question, ready.images, max_new_tokens)
        retrieve, load, compose = ready.seconds
        timings = Timings(retrieve, load, compose, said.ttft_seconds, said.seconds - said.ttft_seconds)
        computed = said.prompt_tokens + (said.reused_tokens - ready.reused if ready.context else 0)
        used = how.value if ready.context else "none"
        usage = Usage(ready.reused, computed, said.generated_tokens, used)
        names = tuple(find.concept.name for find in ready.found)
        return Answer(said.text, names, evidence(ready.found), usage, timings, ready.notices)

    def stream(
        self,
        question: str,
        images: Sequence[Photo] = (),
        *,
        mode: str | Mode | None = None,
        max_new_tokens: int = 96,
    ) -> Iterator[str]:
        """The text of `ask`, piece by piece. Input is checked at once; closing it stops the work."""
        ready = recall(self._engine, question, images, self.mode if mode is None else Engine.mode(mode))
        return self._engine.vlm.stream(ready.context, question, ready.images, max_new_tokens)

    def recall(self, query: str = "", images: Sequence[Photo] = (), k: int = 3) -> list[Recollection]:
        """Concepts that a query or pictures are about, best first, at most ``k`` besides those it names."""
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        found = self._engine.finder.find(query, [load_image(image) for image in images], k=k)
        return [
            Recollection(f.concept.name, f.hit.score, f.hit.name, f.words, f.hit.text, f.hit.image)
            for f in found
        ]

    def forget(self, name: str) -> Concept:
        """Forget a concept: afterwards nothing of it is in any file of the home. Returns it as it was.

        Raises:
            UnknownConceptError: there is none of this name.
        """
        with self._writing:
            return self._store.forget(name)

    def list(self) -> list[Concept]:
        """All concepts, oldest first."""
        return self._store.list()

    def show(self, name: str) -> Concept:
        """One concept, with its profile, photos and patches.

        Raises:
            UnknownConceptError: there is none of this name.
        """
        return self._store.get(name)

    def photo(self, photo_id: str) -> Image.Image:
        """A stored photo.

        Raises:
            UnknownConceptError: no such photo. CorruptRecordError: it is damaged.
        """
        return load_image(self._store.photo(photo_id))

    def nbytes(self) -> int:
        """Bytes of this owner's photos, vectors and segments."""
        return self._store.nbytes()

    async def aremember(
        self, name: str, photos: Sequence[Photo], about: str | Sequence[str] = (), **more: Any
    ) -> Concept:
        """`remember` in a thread."""
        return await asyncio.to_thread(partial(self.remember, name, photos, about, **more))

    async def aupdate(self, name: str, **more: Any) -> Concept:
        """`update` in a thread."""
        return await asyncio.to_thread(partial(self.update, name, **more))

    async def aask(self, question: str, images: Sequence[Photo] = (), **more: Any) -> Answer:
        """`ask` in a thread."""
        return await asyncio.to_thread(partial(self.ask, question, images, **more))

    async def arecall(
        self, query: str = "", images: Sequence[Photo] = (), k: int = 3
    ) -> builtins.list[Recollection]:
        """`recall` in a thread."""
        return await asyncio.to_thread(self.recall, query, images, k)

    async def aforget(self, name: str) -> Concept:
        """`forget` in a thread."""
        return await asyncio.to_thread(self.forget, name)

    async def astream(self, question: str, images: Sequence[Photo] = (), **more: Any) -> AsyncIterator[str]:
        """`stream` in a thread, one piece at a time; leaving the loop stops the work."""
        pieces = await asyncio.to_thread(partial(self.stream, question, images, **more))
        try:
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def close(self) -> None:
        """Let go of the home's files."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _others(self, concept_id: str | None) -> np.ndarray[Any, np.dtype[np.float32]] | None:
        """Patch vectors of all other concepts, if this encoder made them."""
        fingerprint = self._engine.encoder.fingerprint
        theirs = {c.id for c in self._store.list() if c.id != concept_id and c.encoder == fingerprint}
        if not theirs:
            return None
        rows = self._store.vectors()
        keep = [
            i
            for i, (c, kind) in enumerate(zip(rows.concept_ids, rows.kinds, strict=True))
            if c in theirs and kind == "patch"
        ]
        return rows.matrix[keep] if keep else None
